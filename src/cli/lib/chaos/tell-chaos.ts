/** What the proxy that misbehaves did, as people and programs read it. */
import type { ChaosReport, FaultReport, Happening } from "../../../chaos/run-chaos.ts";
import { renderTable, type Terminal } from "../terminal.ts";
import { spellFault } from "./chaos-options.ts";

/** Says what happens, as it does. */
export function tellHappening(terminal: Terminal, happening: Happening): void {
  const time = new Date().toISOString();
  const named = "fault" in happening ? { ...happening, fault: spellFault(happening.fault) } : happening;
  terminal.result({ time, ...named, what: `chaos.${happening.what}` }, () => {
    const [title, about] = describeHappening(terminal, happening);
    return `${terminal.style("dim", time.slice(11, 19))} ${title} ${happening.message}${about ? terminal.style("dim", `  ${about}`) : ""}`;
  });
}

function describeHappening(terminal: Terminal, happening: Happening): [title: string, about?: string] {
  switch (happening.what) {
    case "began":
      return [terminal.style("cyan", `chaos begins ${spellFault(happening.fault)}:`)];
    case "struck":
      return [terminal.style("yellow", `chaos ${spellFault(happening.fault)}:`)];
    case "answered":
      return [terminal.style("green", "chaos:"), happening.turn];
    default:
      return happening satisfies never;
  }
}

/** Says what came of it all. */
export function tellReport(terminal: Terminal, report: ChaosReport): void {
  const faults = Object.entries(report.faults).map(([name, fault]) => ({
    name: spellFault(name as keyof ChaosReport["faults"]),
    ...fault,
  }));
  const named = Object.fromEntries(faults.map(({ name, ...fault }) => [name, fault]));
  terminal.result({ time: new Date().toISOString(), what: "chaos.summary", ...report, faults: named }, () =>
    [
      "",
      `${terminal.style("bold", "chaos")} for ${(report.ms / 1000).toFixed(1)} s with --chaos-seed ${report.seed}`,
      renderTable(
        ["fault", "spells", "struck", "turns answered since"],
        faults
          .filter(({ spells }) => spells > 0)
          .map(({ name, spells, struck, answeredSince }) => [name, `${spells}`, `${struck}`, struck > 0 ? `${answeredSince}` : "–"]),
        (header) => terminal.style("dim", header),
      ),
      "",
      ...judge(report, faults),
    ].join("\n"),
  );
}

function judge({ turns, exchanges }: ChaosReport, faults: (FaultReport & { name: string })[]): string[] {
  const { given, answered, failed, repeated, open, twice } = turns;
  const missed = faults.filter(({ spells, struck }) => spells > 0 && struck === 0).map(({ name }) => name);
  const later = faults.filter(({ spells }) => spells === 0).map(({ name }) => name);
  const silent = faults.filter(({ struck, answeredSince }) => struck > 0 && answeredSince === 0).map(({ name }) => name);
  return [
    `${count(given, "turn was", "turns were")} given, ${answered} answered, ${failed} failed. ${count(repeated, "answer", "answers")} came again under the same id and counted once.`,
    ...(open.length > 0 ? [`Not answered yet: ${open.join(", ")}`] : []),
    twice.length > 0
      ? `Performed twice, for two answers of each say different things: ${twice.join(", ")}`
      : "As far as answers show, no turn was performed twice.",
    ...(missed.length > 0 ? [`Did not strike: ${missed.join(", ")}`] : []),
    ...(later.length > 0 ? [`Did not come to be: ${later.join(", ")}`] : []),
    ...(silent.length > 0 ? [`No turn was answered since these struck: ${silent.join(", ")}`] : []),
    `Through the proxy went ${count(exchanges.socket, "socket", "sockets")}, ${count(exchanges.stream, "stream", "streams")}, ${count(exchanges.poll, "poll", "polls")} and ${count(exchanges.call, "call", "calls")}.`,
  ];
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}
