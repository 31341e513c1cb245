import { describe, expect, it } from "vitest";
import { address, PARENT, readAddress } from "../../../machines/address.ts";
import type { MachineConfigJson, StateJson } from "../../../machines/config.ts";
import { loadMachine } from "../../../machines/load-machine.ts";
import { recruitmentEvents, taskEvents } from "../../../machines/messages.ts";
import { lowerRecruitment } from "../../../src/compile/lower/recruitment.ts";
import { lowerTask } from "../../../src/compile/lower/task.ts";
import { variants } from "../../model/variants.ts";
import { codeReview } from "./workflows.ts";

function refuse(change: (config: MachineConfigJson) => void): string[] {
  const config = structuredClone(lowerTask(codeReview));
  change(config);
  const loaded = loadMachine(config);
  return loaded.ok ? [] : loaded.faults.map((fault) => fault.code);
}

function waiting(config: MachineConfigJson): StateJson {
  return config.states["active"]?.states?.["reviewer"]?.states?.["waiting"] as StateJson;
}

describe("loadMachine", () => {
  it("[MACH1] loads what the compiler lowers", () => {
    for (const { ir } of Object.values(variants))
      for (const config of [lowerRecruitment(ir), lowerTask(ir)]) expect(loadMachine(config)).toMatchObject({ ok: true });
  });

  it("[MACH1] refuses names that are not the vocabulary's own, the prototype's among them", () => {
    for (const type of ["toString", "constructor", "__proto__", "nonsense"]) {
      expect(
        refuse((config) => {
          waiting(config).on = { "turn.answered": { guard: { type } } };
        }),
      ).toEqual(["unknown_guard"]);
      expect(
        refuse((config) => {
          waiting(config).entry = [{ type }];
        }),
      ).toEqual(["unknown_action"]);
    }
    expect(
      refuse((config) => {
        waiting(config).invoke = { id: "x", src: "toString", onDone: {}, onError: {} };
      }),
    ).toEqual(["unknown_actor"]);
    expect(
      refuse((config) => {
        waiting(config).after = { soon: {} };
      }),
    ).toEqual(["unknown_delay"]);
    expect(
      refuse((config) => {
        waiting(config).on = { "turn.nonsense": {} };
      }),
    ).toEqual(["unknown_event"]);
    expect(
      refuse((config) => {
        waiting(config).on = { "*": {} };
      }),
    ).toEqual(["unknown_event"]);
  });

  it("[MACH1] refuses XState's own actions, features that are not data, unknown versions and targets that lead nowhere", () => {
    expect(
      refuse((config) => {
        waiting(config).entry = [{ type: "xstate.sendTo" }];
      }),
    ).toEqual(["unknown_action"]);
    expect(
      refuse((config) => {
        Object.assign(waiting(config), { onDone: {} });
      }),
    ).toEqual(["refused_feature"]);
    expect(
      refuse((config) => {
        Object.assign(waiting(config), { invoke: { id: "x", src: "moderate", onDone: {}, onError: {}, systemId: "x" } });
      }),
    ).toEqual(["refused_feature"]);
    expect(
      refuse((config) => {
        config.version = "task/2";
      }),
    ).toEqual(["unknown_version"]);
    expect(
      refuse((config) => {
        config.version = "toString";
      }),
    ).toEqual(["unknown_version"]);
    expect(
      refuse((config) => {
        waiting(config).on = { "turn.answered": { target: "nowhere" } };
      }),
    ).toEqual(["malformed"]);
    expect(
      refuse((config) => {
        config.initial = "nowhere";
      }),
    ).toEqual(["malformed"]);
    expect(
      refuse((config) => {
        config.states["a.b"] = {};
      }),
    ).toEqual(["malformed"]);
  });

  it("[MACH1] never throws, whatever it is given", () => {
    for (const config of [
      null,
      undefined,
      3,
      [],
      {},
      { version: "task/1" },
      { version: "task/1", states: 3 },
      { version: "task/1", id: "task", initial: "a", states: { a: null } },
    ])
      expect(loadMachine(config as never).ok).toBe(false);
  });

  it("[MACH2] names only events that are listed, so that a host may refuse all others", () => {
    const list = (state: StateJson): string[] => [...Object.keys(state.on ?? {}), ...Object.values(state.states ?? {}).flatMap(list)];
    for (const { ir } of Object.values(variants)) {
      expect(list(lowerTask(ir)).filter((type) => !(taskEvents as readonly string[]).includes(type))).toEqual([]);
      expect(
        list(lowerRecruitment(ir)).filter(
          (type) => !type.startsWith("xstate.") && !(recruitmentEvents as readonly string[]).includes(type),
        ),
      ).toEqual([]);
    }
  });
});

describe("addresses", () => {
  it("[MACH3] are read from the markers that were made here, and from nothing else", () => {
    expect(readAddress(address("agent/x"))).toBe("agent/x");
    expect(readAddress(PARENT)).toBe("parent");
    for (const other of [undefined, null, "agent/x", { address: "agent/x" }, JSON.parse(JSON.stringify(address("agent/x")))])
      expect(readAddress(other)).toBeUndefined();
  });
});
