import type { Command, Option } from 'commander';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** A script that completes commands, options and their choices; file names elsewhere. */
export function completionScript(program: Command, shell: Shell): string {
  return { bash, zsh, fish }[shell](program);
}

const visibleCommands = (program: Command) => program.commands.map((command) => command.name());
const names = ({ short, long }: Option) => [short, long].filter((name) => name !== undefined);
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

function bash(program: Command): string {
  const cases = program.commands.map((command) => {
    const choices = command.options
      .filter((option) => option.argChoices)
      .map((option) => {
        const words = quoted(option.argChoices!.join(' '));
        return `      ${names(option).join('|')}) COMPREPLY=($(compgen -W ${words} -- "$word")); return ;;`;
      });
    const options = command.options.flatMap(names).join(' ');
    const end = ['    esac', `    options=${quoted(options)} ;;`];
    return [`  ${command.name()})`, '    case "$before" in', ...choices, ...end].join('\n');
  });
  return `# mlx-rerank completions for bash: eval "$(mlx-rerank completion bash)"
_mlx_rerank() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" options=""
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W ${quoted([...visibleCommands(program), '--help', '--version'].join(' '))} -- "$word"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
  case "$word" in
    -*) COMPREPLY=($(compgen -W "$options" -- "$word")) ;;
    *) COMPREPLY=($(compgen -f -- "$word")) ;;
  esac
}
complete -o filenames -F _mlx_rerank mlx-rerank
`;
}

function zsh(program: Command): string {
  return `#compdef mlx-rerank
# mlx-rerank completions for zsh: eval "$(mlx-rerank completion zsh)"
autoload -U +X bashcompinit && bashcompinit
${bash(program).split('\n').slice(1).join('\n')}`;
}

function fish(program: Command): string {
  const lines = ['# mlx-rerank completions for fish: mlx-rerank completion fish | source'];
  for (const command of program.commands) {
    const about = `-a ${command.name()} -d ${quoted(command.description())}`;
    lines.push(`complete -c mlx-rerank -n __fish_use_subcommand -f ${about}`);
    for (const option of command.options) {
      const short = option.short ? ` -s ${option.short.slice(1)}` : '';
      const long = option.long ? ` -l ${option.long.slice(2)}` : '';
      const argument = option.argChoices ? ` -x -a ${quoted(option.argChoices.join(' '))}` : option.required ? ' -r' : '';
      const when = quoted(`__fish_seen_subcommand_from ${command.name()}`);
      lines.push(`complete -c mlx-rerank -n ${when}${short}${long}${argument} -d ${quoted(option.description)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}
