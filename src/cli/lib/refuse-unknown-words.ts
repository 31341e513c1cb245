/** A group of commands takes a word that is none of them for an argument of its default one: this says what was meant instead. */
import type { Command } from "commander";
import { findNearestName } from "../../contract/nearest-name.ts";

/** @param args the whole command line */
export function refuseUnknownWords(group: Command, args: readonly string[]): void {
  if (group.commands.length === 0) return;
  for (const each of group.commands) {
    refuseUnknownWords(each, args);
    each.allowExcessArguments();
  }
  group.hook("preAction", (_, acting) => {
    const takes = acting.registeredArguments;
    const word = acting.args[takes.length];
    if (acting.parent !== group || word === undefined || takes.at(-1)?.variadic) return;
    if (args.includes(acting.name())) {
      const [expected, given] = [takes.length, acting.args.length];
      const message = `error: too many arguments for '${acting.name()}'. Expected ${expected} argument${expected === 1 ? "" : "s"} but got ${given}.`;
      acting.error(message, { code: "commander.excessArguments" });
    }
    const names = group.commands.map((each) => each.name());
    const meant = findNearestName(word, names);
    const hint = meant === undefined ? `There are ${names.join(", ")}.` : `Did you mean ${meant}?`;
    group.error(`error: unknown command '${word}'\n(${hint})`, { code: "commander.unknownCommand" });
  });
}
