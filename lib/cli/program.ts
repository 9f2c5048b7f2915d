import { Argument, Command, Option } from 'commander';
import { benchCommand } from './bench-command.js';
import { completionScript, type Shell, shells } from './completion.js';
import { type DoctorArguments, doctorCommand } from './doctor/doctor-command.js';
import type { Interrupt } from './interrupt.js';
import { infoCommand, type InfoArguments, type PullArguments, pullCommand } from './model-commands.js';
import { countOrAll, modelOptions, scoringOptions } from './options.js';
import { put } from './output.js';
import { rankCommand, type RankArguments } from './rank-command.js';
import { type ScoreArguments, scoreCommand } from './score-command.js';

const exitCodeHelp = `
Exit codes: 0 done; 1 failed; 2 wrong arguments; 3 input that cannot be read; 4 model not found, not supported, damaged or
not downloaded; 5 a check failed; 130 interrupted, 143 terminated, what was done is written out.`;

const modelHelp = `
A model is a hub id such as cross-encoder/ms-marco-MiniLM-L6-v2 (the default, fetched once), a folder, or starter, the
small model of a clone or of @mlx-rerank/starter, which needs no network.`;

/** The command line, not run yet. */
export function buildProgram(version: string, interrupt: Interrupt): Command {
  const program = new Command('mlx-rerank')
    .description('Puts search results in the right order with a cross-encoder, on this machine.')
    .version(version)
    .showHelpAfterError('(mlx-rerank --help lists what there is)')
    .addHelpText('after', `
Examples:
  mlx-rerank rank "how do volcanoes form?" passages.txt -i paragraphs
  cat results.jsonl | mlx-rerank rank "best laptop" - -i jsonl --text-field body -o jsonl
  mlx-rerank pull cross-encoder/ms-marco-MiniLM-L6-v2
  mlx-rerank doctor --report
${modelHelp}
${exitCodeHelp}`);

  const rank = program
    .command('rank')
    .description('rank documents by their relevance to a query')
    .argument('<query>', 'what the documents are ranked for')
    .argument('[files...]', 'a document a line; - or none: standard input')
    .addOption(new Option('-n, --top-n <count>', 'most results, or all').argParser(countOrAll).default(10));
  modelOptions(scoringOptions(rank))
    .addHelpText('after', `
Output, best first: rank, score (0 to 1), logit, line and text as tsv; json and jsonl carry the whole document.
A line that cannot be read is told and skipped, unless --strict.

Examples:
  mlx-rerank rank "where is bread stored?" docs.txt --top-n 3 --model starter
  mlx-rerank rank "refund policy" tickets.csv --text-field body --min-score 0.5
  grep -h . *.md | mlx-rerank rank "install on macOS" --output jsonl | head -1`)
    .action((query: string, files: string[], args: RankArguments) => rankCommand(query, files, args, interrupt));

  const score = program
    .command('score')
    .description('score pairs of query and text, in input order')
    .argument('[files...]', 'a pair a line; - or none: standard input')
    .addOption(new Option('-q, --query <text>', 'one query for all; lines are then documents'))
    .addOption(new Option('--query-field <name>', 'field or column of the query').default('query'));
  modelOptions(scoringOptions(score))
    .addHelpText('after', `
Input: text lines with a tab between query and text; JSON lines with fields query and text, or arrays of two; CSV.
Rows are written as they are done; any number of lines takes the same memory.

Examples:
  mlx-rerank score pairs.jsonl --text-field document > scores.tsv
  mlx-rerank score --query "how do bees navigate?" docs.txt --output jsonl
  printf 'bees\\tBees dance.\\n' | mlx-rerank score --model starter`)
    .action((files: string[], args: ScoreArguments) => scoreCommand(files, args, interrupt));

  program
    .command('pull')
    .description('fetch a model into the Hugging Face cache, or repair it there')
    .argument('[model]', 'hub id owner/name')
    .addOption(new Option('--revision <name>', 'branch, tag or commit'))
    .addOption(new Option('--cache-dir <folder>', 'hub cache to use'))
    .addOption(new Option('--no-check', 'do not compare with what is published about the model'))
    .addHelpText('after', `
Every file is checked by the hub's own hash. HF_TOKEN opens gated and private models, HF_ENDPOINT names another hub,
HTTPS_PROXY a proxy, HF_HOME or HF_HUB_CACHE another cache.

Examples:
  mlx-rerank pull
  mlx-rerank pull cross-encoder/ms-marco-MiniLM-L12-v2 --revision main`)
    .action((model: string | undefined, args: PullArguments) => pullCommand(model, args, interrupt));

  modelOptions(program.command('info').description('load a model and tell what it is and how it runs'))
    .argument('[model]', 'hub id, folder or starter')
    .addOption(new Option('--json', 'as JSON'))
    .addHelpText('after', `
Examples:
  mlx-rerank info starter
  mlx-rerank info ./my-model --dtype int8 --json`)
    .action((model: string | undefined, args: InfoArguments) => infoCommand(model ?? args.model, args, interrupt));

  program
    .command('doctor')
    .description('check this machine: paths, scores, caches')
    .addOption(new Option('-m, --model <name>', 'also check this model, which has to be in the cache'))
    .addOption(new Option('--revision <name>', 'of that model'))
    .addOption(new Option('--cache-dir <folder>', 'hub cache to look at'))
    .addOption(new Option('--report [file]', 'also write Markdown to attach to an issue'))
    .addHelpText('after', `
Scores of the starter model are compared with those that transformers computed. Secrets are never shown.

Examples:
  mlx-rerank doctor
  mlx-rerank doctor --report report.md`)
    .action((args: DoctorArguments) => doctorCommand(args, version));

  program
    .command('bench')
    .description('measure this machine; comes with a clone of the repository')
    .argument('[arguments...]', 'for the benchmark; bench --help lists them')
    .allowUnknownOption()
    .helpOption(false)
    .action((args: string[]) => benchCommand(args));

  program
    .command('completion')
    .description('print completions for a shell')
    .addArgument(new Argument('<shell>').choices(shells))
    .addHelpText('after', `
Examples:
  eval "$(mlx-rerank completion bash)"
  mlx-rerank completion fish | source`)
    .action((shell: Shell) => put(completionScript(program, shell)));

  return program;
}
