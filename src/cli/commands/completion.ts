/** `nerveflare completion`: a script by which a shell completes commands and options, made from the commands themselves. */
import { Argument, Command } from "commander";
import type { CommandContext, CommandModule } from "../lib/command.ts";

/** A place in the tree of commands: what may follow there, with what it does. */
interface Place {
  /** The commands up to here, by spaces; empty at the top. */
  path: string;
  words: { word: string; about: string }[];
}

const shells = { bash: writeBash, zsh: writeZsh, fish: writeFish };

/** Defines `nerveflare completion`. */
export function defineCommand(command: Command, context: CommandContext): void {
  const { terminal } = context;
  command
    .addArgument(new Argument("<shell>", "for which").choices(Object.keys(shells)))
    .addHelpText(
      "after",
      [
        "",
        "  bash   nerveflare completion bash > ~/.local/share/bash-completion/completions/nerveflare",
        "  zsh    nerveflare completion zsh > ~/.zfunc/_nerveflare   (with ~/.zfunc in fpath)",
        "  fish   nerveflare completion fish > ~/.config/fish/completions/nerveflare.fish",
      ].join("\n"),
    )
    .action(async (shell: keyof typeof shells) => {
      const root = new Command("nerveflare");
      // Only here are all commands loaded.
      for (const { name, summary, load } of context.commands) {
        const { defineCommand: define }: CommandModule = await load();
        define(root.command(name).description(summary), context);
      }
      const script = shells[shell](collectPlaces(root, ""));
      terminal.result({ shell, script }, () => script);
    });
}

function collectPlaces(command: Command, path: string): Place[] {
  const words = [
    ...command.commands.map((child) => ({ word: child.name(), about: child.description() })),
    ...command.options.map((option) => ({ word: option.long ?? option.short ?? "", about: option.description })),
    { word: "--json", about: "one JSON value per line instead of prose" },
    { word: "--help", about: "say what there is" },
  ];
  const unique = [...new Map(words.map((entry) => [entry.word, entry])).values()];
  const below = command.commands.flatMap((child) => collectPlaces(child, `${path} ${child.name()}`.trim()));
  return [{ path, words: unique }, ...below];
}

/** Commands are of letters, digits and dashes: nothing in them is the shell's. */
function listPaths(places: Place[]): string[] {
  return places.map(({ path }) => path).filter((path) => path !== "");
}

function writeBash(places: Place[]): string {
  return `# Completes nerveflare in bash; written by \`nerveflare completion bash\`.
_nerveflare() {
  local path="" next word words=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    next="\${path:+$path }$word"
    case "$next" in
${listPaths(places)
  .map((path) => `      "${path}") path="$next" ;;`)
  .join("\n")}
    esac
  done
  case "$path" in
${places.map(({ path, words }) => `    "${path}") words="${words.map(({ word }) => word).join(" ")}" ;;`).join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _nerveflare nerveflare`;
}

function writeZsh(places: Place[]): string {
  const describe = ({ word, about }: Place["words"][number]) => quote(`${word}:${about}`);
  return `#compdef nerveflare
# Completes nerveflare in zsh; written by \`nerveflare completion zsh\`.
_nerveflare() {
  local path_so_far="" next word
  local -a known
  for word in "\${(@)words[2,CURRENT-1]}"; do
    next="\${path_so_far:+$path_so_far }$word"
    case "$next" in
${listPaths(places)
  .map((path) => `      "${path}") path_so_far="$next" ;;`)
  .join("\n")}
    esac
  done
  case "$path_so_far" in
${places.map(({ path, words }) => `    "${path}") known=(${words.map(describe).join(" ")}) ;;`).join("\n")}
  esac
  _describe nerveflare known || _files
}
_nerveflare "$@"`;
}

function writeFish(places: Place[]): string {
  const lines = places.flatMap(({ path, words }) =>
    words.map(({ word, about }) => `complete -c nerveflare -n '__nerveflare_at "${path}"' -a ${quote(word)} -d ${quote(about)}`),
  );
  return `# Completes nerveflare in fish; written by \`nerveflare completion fish\`.
function __nerveflare_at
    set -l path ""
    for word in (commandline -opc)[2..-1]
        set -l next (string trim -- "$path $word")
        switch $next
            case ${listPaths(places).map(quote).join(" ")}
                set path $next
        end
    end
    test "$path" = "$argv[1]"
end
${lines.join("\n")}`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "’").replaceAll("\\", "/")}'`;
}
