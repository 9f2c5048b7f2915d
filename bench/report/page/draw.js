// Draws the plots in the colours of the theme, and again when the theme changes. `charts` and `Chart` come before.
const dark = window.matchMedia('(prefers-color-scheme: dark)');
const palettes = {
  light: ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#8a6d00', '#3a9bd9', '#6b4fa0', '#555555'],
  dark: ['#56b4e9', '#ff9f4a', '#2fc99a', '#e39ac4', '#e6c84f', '#8fd0f5', '#b39ddb', '#bbbbbb'],
};
let drawn = [];

function draw() {
  const colours = palettes[dark.matches ? 'dark' : 'light'];
  const style = getComputedStyle(document.documentElement);
  Chart.defaults.color = style.getPropertyValue('--faint').trim();
  Chart.defaults.borderColor = style.getPropertyValue('--line').trim();
  for (const chart of drawn) chart.destroy();
  drawn = charts.map(
    (config, i) => new Chart(document.getElementById(`chart-${i}`), coloured(structuredClone(config), colours)),
  );
}

function coloured(config, colours) {
  config.data.datasets.forEach((dataset, i) => {
    const colour = colours[i % colours.length];
    Object.assign(dataset, {
      borderColor: colour,
      backgroundColor: colour,
      borderWidth: config.type === 'bar' ? 0 : 2,
      pointRadius: config.type === 'line' ? 2 : 2.5,
    });
  });
  const narrow = window.innerWidth < 600;
  config.options = {
    ...config.options,
    animation: false,
    responsive: true,
    maintainAspectRatio: false,
    plugins: {
      legend: {
        display: config.data.datasets.length > 1,
        position: 'bottom',
        labels: { boxWidth: 12, font: { size: narrow ? 10 : 12 } },
      },
    },
  };
  // Long labels of points would leave a phone no room for the plot.
  const labels = config.options.indexAxis === 'y' ? 'y' : 'x';
  if (config.data.labels) {
    const most = narrow ? 16 : 34;
    config.options.scales[labels] = {
      ...config.options.scales[labels],
      ticks: {
        callback: (_, i) =>
          config.data.labels[i].length > most
            ? `${config.data.labels[i].slice(0, most - 1)}…`
            : config.data.labels[i],
      },
    };
  }
  return config;
}

dark.addEventListener('change', draw);
draw();
