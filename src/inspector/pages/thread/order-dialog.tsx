/** Asks before a thread is told something, with what the order needs to know. */
import { useId, useRef, useState } from "preact/hooks";
import type { Json } from "../../../contract/event.ts";
import type { MessageView } from "../../../contract/views/thread.ts";
import { ApiError, change, read } from "../../data/api.ts";
import { useResource } from "../../data/use-resource.ts";
import { ConfirmDialog } from "../../parts/confirm-dialog.tsx";

/** What is to be ordered. */
export type Order =
  | { do: "suspend" | "cancel" | "resume" }
  | { do: "restart" | "fork"; step?: MessageView | undefined }
  | { do: "role"; role: string; holder?: string | undefined };

interface OrderProps {
  thread: string;
  order: Order;
  /** With where the order leads, if that is another page. */
  close(path?: string): void;
}

const titles = {
  suspend: "Suspend the thread?",
  cancel: "Cancel the thread?",
  resume: "Resume the thread?",
  restart: "Restart the thread?",
  fork: "Fork the thread?",
  role: "Give or take the role?",
} as const;

const explained = {
  suspend: "It stops until a person resumes it. Whoever has the turn may still answer.",
  cancel: "It ends for good, and whoever takes part is told. It can be restarted afterwards.",
  resume: "It goes on where it stopped.",
} as const;

export function OrderDialog({ thread, order, close }: OrderProps) {
  const [reason, setReason] = useState("");
  const [supplement, setSupplement] = useState("");
  const [output, setOutput] = useState<string | undefined>(undefined);
  const [agent, setAgent] = useState("");
  // Read as the dialog closes, which is before anything is drawn anew.
  const next = useRef<string | undefined>(undefined);
  const path = `/v1/threads/${encodeURIComponent(thread)}`;
  const confirm = async () => {
    const why = reason.trim() === "" ? {} : { reason: reason.trim() };
    switch (order.do) {
      case "suspend":
      case "cancel":
        return void (await change("POST", `${path}/${order.do}`, why));
      case "resume": {
        const added = supplement.trim() === "" ? {} : { supplement: parse(supplement, "The supplement") };
        return void (await change("POST", `${path}/resume`, { ...why, ...added }));
      }
      case "role":
        return void (await change("POST", `${path}/roles/${encodeURIComponent(order.role)}`, { ...why, ...(agent !== "" && { agent }) }));
      case "restart":
      case "fork": {
        const at = order.step ? { at: order.step.round } : {};
        const other = output === undefined ? {} : { output: parse(output, "The output") };
        const made = (await change("POST", `${path}/${order.do}`, { ...why, ...at, ...other })) as { id?: string };
        if (order.do === "fork" && made.id !== undefined) next.current = `/ui/threads/${encodeURIComponent(made.id)}`;
        return;
      }
      default:
        order satisfies never;
    }
  };
  return (
    <ConfirmDialog
      title={order.do === "role" ? `${order.role}: ${titles.role}` : titles[order.do]}
      deed={nameDeed(order, agent)}
      grave={order.do === "cancel" || order.do === "restart"}
      confirm={confirm}
      close={() => close(next.current)}
    >
      {order.do === "role" ? (
        <RoleFields holder={order.holder} agent={agent} setAgent={setAgent} />
      ) : order.do === "restart" || order.do === "fork" ? (
        <StepFields order={order} output={output} setOutput={setOutput} />
      ) : (
        <p>{explained[order.do]}</p>
      )}
      {order.do === "resume" && (
        <TextField label="What whoever gets the next turn is to know (JSON or text)" value={supplement} set={setSupplement} rows={3} />
      )}
      <TextField label="Why (told to all who take part)" value={reason} set={setReason} rows={1} />
    </ConfirmDialog>
  );
}

function nameDeed(order: Order, agent: string): string {
  switch (order.do) {
    case "role":
      return agent === "" ? "Take it, and recruit anew" : `Give it to ${agent}`;
    case "restart":
      return order.step ? `Restart after step ${order.step.round}` : "Restart from the beginning";
    case "fork":
      return order.step ? `Fork after step ${order.step.round}` : "Fork with all steps";
    case "suspend":
      return "Suspend it";
    case "cancel":
      return "Cancel it";
    case "resume":
      return "Resume it";
    default:
      order satisfies never;
      return "";
  }
}

/** JSON, or where it is none and the field says text, that. */
function parse(text: string, what: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    if (what === "The supplement" && !/^\s*[{["]/.test(text)) return text;
    throw new ApiError(`${what} is no JSON: ${(error as Error).message}`, 0);
  }
}

interface TextProps {
  label: string;
  value: string;
  set(value: string): void;
  rows: number;
  mono?: boolean;
}

function TextField({ label, value, set, rows, mono }: TextProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <textarea id={id} class={mono ? "mono" : ""} rows={rows} value={value} onInput={({ currentTarget }) => set(currentTarget.value)} />
    </div>
  );
}

interface StepProps {
  order: Extract<Order, { do: "restart" | "fork" }>;
  output: string | undefined;
  setOutput(output: string | undefined): void;
}

function StepFields({ order, output, setOutput }: StepProps) {
  const { step } = order;
  const what =
    order.do === "fork"
      ? `A new thread begins with ${step ? `the steps up to ${step.round}` : "all steps"}; this one stays as it is.`
      : step
        ? `It goes on as if step ${step.round} had just been answered: later steps count no more. Whoever has the turn loses it.`
        : "It begins anew, and no step counts. Whoever has the turn loses it.";
  return (
    <>
      <p>{what}</p>
      {step && (
        <label class="check">
          <input
            type="checkbox"
            checked={output !== undefined}
            onChange={({ currentTarget }) => setOutput(currentTarget.checked ? JSON.stringify(step.output, null, 2) : undefined)}
          />
          With another output for step {step.round} of {step.role}
        </label>
      )}
      {output !== undefined && <TextField label="The output (JSON)" value={output} set={setOutput} rows={8} mono />}
    </>
  );
}

interface RoleProps {
  holder: string | undefined;
  agent: string;
  setAgent(agent: string): void;
}

function RoleFields({ holder, agent, setAgent }: RoleProps) {
  const id = useId();
  const agents = useResource((signal) => read<"agents">("/v1/agents", { query: { limit: 200 }, signal }), []);
  return (
    <>
      <p>{holder === undefined ? "Nobody holds it now." : `${holder} holds it now, and loses it with the turn, if it has that.`}</p>
      <div class="field">
        <label for={id}>Who gets it</label>
        <input
          id={id}
          list={`${id}-agents`}
          value={agent}
          placeholder="nobody: it is offered anew"
          onInput={({ currentTarget }) => setAgent(currentTarget.value.trim())}
        />
        <datalist id={`${id}-agents`}>
          {agents.value?.agents.map(({ id: name }) => (
            <option key={name} value={name} />
          ))}
        </datalist>
      </div>
    </>
  );
}
