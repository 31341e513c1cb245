/** Cloud: what nerveflare does not do, or does only in the cloud. */
import type { CatalogueEntry } from "../catalogue-entry.ts";

export const cloudCatalogue = {
  "senses-in-cloud": {
    code: "NRV5001",
    severity: "error",
    title: "`senses` in a cloud workflow",
    explanation: "The cloud only reacts to events. Senses run in a nerve daemon, which posts what they notice.",
  },
  "daemon-setting-ignored": {
    code: "NRV5002",
    severity: "warning",
    title: "A daemon's setting is ignored",
    explanation: "`agents`, `extract` and `api` set up a nerve daemon. In the cloud agents are registered, not configured.",
  },
  "not-cloud": {
    code: "NRV5003",
    severity: "error",
    title: "A local workflow can not be published",
    explanation: "Only files with `binding: cloud` are published; the rest run in a local nerve daemon.",
  },
  "bad-reflex-kind": {
    code: "NRV5004",
    severity: "error",
    title: "A reflex on kinds that it can not have",
    explanation:
      "`on` takes exact kinds and prefixes such as `review.*`. Kinds of the orchestrator (`nerve.*`) are taken only exactly, `xstate.*` not at all.",
  },
  "unknown-nerve-kind": {
    code: "NRV5005",
    severity: "warning",
    title: "A kind that the orchestrator does not send",
    explanation: "No event of the orchestrator has this kind, so the reflex never fires.",
  },
  "reserved-kind": {
    code: "NRV5006",
    severity: "error",
    title: "A reserved kind is emitted",
    explanation: "`nerve.*` and `xstate.*` are the orchestrator's own.",
  },
  "unheard-nerve-kind": {
    code: "NRV5007",
    severity: "warning",
    title: "A kind that reflexes are not told",
    explanation:
      "Reflexes hear of the life of threads: `nerve.thread.queued`, `.started`, `.suspended`, `.resumed`, `.completed`, `.failed`, `.cancelled` and `.dropped`. Offers, turns and claims are between the engine and agents.",
  },
  "key-never-matches": {
    code: "NRV5008",
    severity: "warning",
    title: "A key that matches no thread",
    explanation:
      "A signal finds the thread that has its key. No reflex of this workflow that starts a thread gives it a key of this shape.",
  },
  "exposed-input": {
    code: "NRV5009",
    severity: "error",
    title: "An exposed workflow whose input is no object",
    explanation:
      "Clients start an exposed workflow with named arguments, so its `input` takes an object. Without an `input` it takes any object, or none.",
  },
  "bad-schedule": {
    code: "NRV5010",
    severity: "error",
    title: "A schedule that cannot be read",
    explanation:
      "A schedule is cron: minute, hour, day, month, day of the week, as `0 9 * * 1-5`. A reflex has one, or listens to kinds by `on`.",
  },
  "unknown-timezone": {
    code: "NRV5011",
    severity: "error",
    title: "A time zone that there is not",
    explanation: "Time zones are named as in the IANA database: `Europe/Berlin`, `America/New_York`, `UTC`.",
  },
  "schedule-never-due": {
    code: "NRV5012",
    severity: "error",
    title: "A schedule that never comes",
    explanation: "No day has this date, such as the 30th of February: the reflex would never start a thread.",
  },
  "schedule-too-frequent": {
    code: "NRV5013",
    severity: "error",
    title: "A schedule that comes too often",
    explanation: "Each run starts a thread that somebody works on: two are a minute apart at least.",
  },
} as const satisfies Record<string, CatalogueEntry>;
