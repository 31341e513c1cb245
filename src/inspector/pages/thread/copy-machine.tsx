/** A machine of the thread as code for Stately's editor, with the states marked that the thread is in at the moment that is shown. */
import type { MachineConfigJson } from "../../../../machines/config.ts";
import { renderMachineModule } from "../../../compile/stately/render-machine-module.ts";
import type { Scene } from "../../data/story/scene.ts";
import { CopyButton } from "../../parts/copy-button.tsx";
import type { Compiled } from "./layout.ts";

interface CopyMachineProps {
  thread: string;
  compiled: Compiled;
  scene: Scene;
  machine: "task" | "recruitment";
}

export function CopyMachine({ thread, compiled, scene, machine }: CopyMachineProps) {
  const { ir, [machine]: config } = compiled;
  const render = () =>
    renderMachineModule(ir.name, config as MachineConfigJson, { thread, at: new Date(scene.at).toISOString(), value: scene[machine] });
  return (
    <CopyButton
      // What was said of one machine is not said of the other.
      key={machine}
      what={`the ${machine} machine`}
      text={render}
      label="Copy for Stately"
      hint="In Stately's editor choose to import code, and paste it. The states with the tag “here” are those of the thread."
    />
  );
}
