/** The agents of the peers: all speak over their sockets as the bare ceiling's do, but for Restate's, who answer to its ingress. */
import { Agent, request } from "node:http";
import { playFlows, type Say } from "../bare/play.ts";
import type { Play } from "../orders.ts";

/** Starts playing; see {@link Play}. */
export const playPeer: Play = (task, recorder) =>
  task.ingress === undefined ? playFlows(task, recorder) : playFlows(task, recorder, sayToRestate(task.ingress, recorder.failed));

/** Starts by a one-way call of the service, answers by resolving the turn's awakeable; over connections that are kept. */
function sayToRestate(ingress: string, onFailure: (why: string) => void): Say {
  const agent = new Agent({ keepAlive: true });
  function post(path: string, body: unknown): void {
    const sent = request(`${ingress}${path}`, { method: "POST", agent, headers: { "content-type": "application/json" } }, (response) => {
      response.resume();
      if ((response.statusCode ?? 500) >= 300) onFailure(`Restate answered ${response.statusCode} to ${path}`);
    });
    sent.once("error", (error) => onFailure(`Restate did not answer to ${path}: ${error.message}`));
    sent.end(JSON.stringify(body));
  }
  return (_socket, message, given) => {
    if (message.type === "start") post("/review/play/send", { flow: message.flow });
    else if (given?.type === "turn") post(`/restate/awakeables/${given.reply}/resolve`, message.output);
  };
}
