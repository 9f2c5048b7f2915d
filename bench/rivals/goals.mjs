import { figure, table } from '../report/table.mjs';
import { cores } from './field.mjs';

/** What the package is held to, what it aims for, and what this run says. */
export function goals({ rows, startRows, goldenRows }) {
  const own = (some, precision, threads = cores) =>
    some.find(({ definition: { ours, precision: its, options } }) => {
      return ours && its === precision && options.threads === threads;
    });
  const rivals = (some, precision, library = '') =>
    some.filter(({ definition: { ours, precision: its, name } }) => {
      return !ours && its === precision && name.startsWith(library);
    });

  const speed = (name, precision, threads) => own(rows[name], precision, threads)?.pairsPerSecond;
  const against = (name, precision, library) => {
    const speeds = rivals(rows[name], precision, library).map(({ pairsPerSecond }) => pairsPerSecond);
    return speed(name, precision) / Math.max(...speeds);
  };
  const soonest = Math.min(...rivals(rows.request10, 'float32').map(({ requestP50 }) => requestP50));
  const float32 = { ...own(goldenRows, 'float32'), ...own(startRows, 'float32') };
  const int8 = own(rows.request100, 'int8');
  const bfloat16 = own(rows.request100, 'bfloat16');

  const times = (what, held, aim, measured) => [what, `${held}x`, `${aim}x`, measured, 'x', measured >= held];
  const share = (what, held, measured) => [what, held, 1, measured, '', measured >= held];
  const atMost = (what, held, aim, measured, unit) => {
    return [what, `${held}${unit} at most`, `${aim}${unit}`, measured, unit, measured <= held];
  };
  const lines = [
    atMost('float32 error, golden pairs (x 1e-6)', 200, 20, float32.maxError * 1e6, ''),
    times('float32, mixed lengths, to onnxruntime-node', 1.4, 2, against('mixed', 'float32', 'onnx')),
    times('float32, 100 documents, to onnxruntime-node', 1.4, 2, against('request100', 'float32', 'onnx')),
    times('float32, mixed lengths, to the fastest', 1.15, 1.5, against('mixed', 'float32')),
    times('float32, 100 documents, to the fastest', 1.15, 1.5, against('request100', 'float32')),
    times('float32, 10 documents, p50', 1.8, 2.5, soonest / own(rows.request10, 'float32')?.requestP50),
    times('int8, mixed lengths, to the fastest', 1.3, 2, against('mixed', 'int8')),
    times('int8, 100 documents, to the fastest', 1.3, 2, against('request100', 'int8')),
    share('int8, 100 documents, Kendall tau', 0.98, int8?.tau),
    share('int8, 100 documents, top 10 overlap', 0.95, int8?.topTen),
    times('int8 to own bfloat16, 100 documents', 1, 1, int8?.pairsPerSecond / bfloat16?.pairsPerSecond),
    times('bfloat16 to own float32', 1.7, 1.9, bfloat16?.pairsPerSecond / speed('request100', 'float32')),
    share('bfloat16, 100 documents, Kendall tau', 0.995, bfloat16?.tau),
    times('bfloat16, 100 documents, to OpenVINO', 1.2, 1.6, against('request100', 'bfloat16')),
    times(
      'two threads to one, float32',
      1.8,
      1.95,
      speed('mixed', 'float32', 2) / speed('mixed', 'float32', 1),
    ),
    atMost('peak RSS, float32, 100 documents', 350, 200, float32.request100Bytes / 2 ** 20, ' MB'),
    atMost('load, float32, files in page cache', 400, 200, float32.loadMs, ' ms'),
    atMost('first import', 60, 30, float32.importMs, ' ms'),
  ];
  const measurable = (value) => Number.isFinite(value) && value > 0; // against nobody, a ratio is 0 or infinite
  return table(
    ['what', 'held to', 'aim', 'measured', 'held'],
    lines.map(([what, held, aim, measured, unit, holds]) => {
      const digits = unit === 'x' || unit === '' ? 3 : 0;
      const verdict = holds ? 'yes' : '**no**';
      return [
        what,
        held,
        aim,
        ...(measurable(measured) ? [figure(measured, digits, unit), verdict] : ['-', '-']),
      ];
    }),
  );
}
