/** Checks what only the cloud asks: reflexes, and what it does not do. */

import { agentKinds } from "../../contract/kinds/agent-kinds.ts";
import { engineKindNames } from "../../contract/kinds/engine-kind-names.ts";
import type { Binding } from "../../contract/language.ts";
import { findNearestName } from "../../contract/nearest-name.ts";
import type { Report } from "../diagnostics/diagnostic.ts";
import type { MapNode, TextNode } from "../source/node.ts";
import { findEntry, findText, findValue, isText, listItems } from "../source/node.ts";
import type { Outline } from "./outline.ts";

/** Kinds of the orchestrator that a reflex may listen to. */
const nerveKinds = [...Object.keys(agentKinds), ...engineKindNames];

/** What threads say of their life is offered to reflexes. */
const heard = /^nerve\.thread\.(?!spawned$)/;

const heardKinds = nerveKinds.filter((kind) => heard.test(kind));

/** Settings of a nerve daemon that the cloud does not read. */
const daemonSettings = ["agents", "extract", "api"];

/** Reports what the cloud can't take. `publish` asks that the file is meant for it. */
export function checkCloud(outline: Outline, report: Report, publish: boolean): void {
  const { root, binding } = outline;
  const check: Record<Binding, () => void> = {
    cloud: () => checkDaemonSettings(root, report),
    local: () => {
      if (publish) addNotCloud(root, report);
    },
  };
  check[binding]();
  checkRounds(root, report);
  checkExposed(root, binding, report);
  for (const reflex of outline.reflexes) for (const kind of listItems(reflex, "on")) if (isText(kind)) checkReflexKind(kind, report);
}

function checkDaemonSettings(root: MapNode, report: Report): void {
  const senses = findEntry(root, "senses");
  if (senses)
    report.add("senses-in-cloud", senses.keyNode.span, "The cloud only reacts to events; it has no senses.", {
      hint: "let a nerve daemon's sense post an event, and a reflex react to it",
    });
  for (const name of daemonSettings) {
    const entry = findEntry(root, name);
    if (entry) report.add("daemon-setting-ignored", entry.keyNode.span, `\`${name}\` sets up a nerve daemon; in the cloud it is ignored.`);
  }
}

function addNotCloud(root: MapNode, report: Report): void {
  const value = findText(root, "binding");
  const name = findEntry(root, "name")?.keyNode.span ?? { start: 0, end: 0 };
  const span = value?.span ?? findEntry(root, "binding")?.keyNode.span ?? name;
  report.add("not-cloud", span, "The workflow is local, and only cloud workflows are published.", {
    hint: "say `binding: cloud`",
    ...(value
      ? { fix: { title: "Write `cloud`", span: value.span, text: "cloud" } }
      : { fix: { title: "Add `binding: cloud`", span: { start: name.start, end: name.start }, text: "binding: cloud\n" } }),
  });
}

function checkRounds(root: MapNode, report: Report): void {
  const [now, older] = [findEntry(root, "max_rounds"), findEntry(root, "maxRounds")];
  if (now && older)
    report.add("given-twice", older.keyNode.span, "`maxRounds` is an older name of `max_rounds`, which is given too.", {
      related: [{ span: now.keyNode.span, message: "given here" }],
    });
  if (findValue(root, "max_queue") && findText(root, "overflow")?.value === "drop") {
    const queue = findEntry(root, "max_queue");
    if (queue) report.add("without-effect", queue.keyNode.span, "With `overflow: drop` nothing is queued.");
  }
}

function checkExposed(root: MapNode, binding: Binding, report: Report): void {
  const expose = findEntry(root, "expose");
  if (expose?.value.kind !== "scalar" || expose.value.value !== true) return;
  if (binding === "local")
    report.add("without-effect", expose.keyNode.span, "A local workflow is not published, and so nobody is shown it.", {
      hint: "say `binding: cloud`",
    });
  const type = findValue(findValue(root, "input"), "type");
  if (type === undefined || [type, ...listItems(findValue(root, "input"), "type")].some((node) => isText(node) && node.value === "object"))
    return;
  report.add("exposed-input", type.span, "The workflow is exposed, and its input is no object: clients start it with named arguments.", {
    hint: "make the input an object that has what it was as a property",
    related: [{ span: expose.keyNode.span, message: "exposed here" }],
  });
}

function checkReflexKind(node: TextNode, report: Report): void {
  const { value, span } = node;
  const prefix = value.endsWith(".*");
  const base = prefix ? value.slice(0, -2) : value;
  if (!/^(?=.{1,128}$)[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(base)) {
    const hint = value === "*" ? "name the kinds, or a prefix of them: `review.*`" : "dotted words of `a-z 0-9 _ -`; a prefix ends in `.*`";
    report.add("bad-reflex-kind", span, `\`${value}\` is no kind, and no prefix of kinds.`, { hint });
    return;
  }
  if (/^xstate(\.|$)/.test(base)) report.add("bad-reflex-kind", span, "Events `xstate.*` are the machines' own and reach no reflex.");
  else if (prefix && /^nerve(\.|$)/.test(base))
    report.add("bad-reflex-kind", span, "Events of the orchestrator are taken by their exact kind only.", {
      hint: "for a pager: `nerve.thread.suspended`",
    });
  else if (base.startsWith("nerve.") && !nerveKinds.includes(base)) {
    const nearest = findNearestName(base, heardKinds);
    report.add(
      "unknown-nerve-kind",
      span,
      `The orchestrator sends no \`${base}\`.`,
      nearest === undefined ? {} : { hint: `did you mean \`${nearest}\`?`, fix: { title: `Write \`${nearest}\``, span, text: nearest } },
    );
  } else if (base.startsWith("nerve.") && !heard.test(base))
    report.add("unheard-nerve-kind", span, `Reflexes are never told of \`${base}\`: this one never fires.`, {
      hint: "they hear of the life of threads, as `nerve.thread.completed`",
    });
}
