/** What may be asked of an agent's object. */
import type { CloudEvent, Json } from "../../contract/event.ts";
import type { Acknowledgement } from "../../contract/frames/acknowledgement.ts";
import type { Accepted, InboxPage, Rejected } from "../../contract/frames/server-frames.ts";
import { type Result, refuse, succeed } from "../../contract/problem.ts";
import type { Delivered, Routing } from "../../contract/routing.ts";
import type { AgentCard, PresenceFacts } from "../../contract/views/agent.ts";
import { takeEnvelope } from "../host/take-envelope.ts";
import type { AgentRpc, AgentStanding, ClaimCard, InboxQuery, Principal, Sender } from "../protocol/agent.ts";
import type { HintAnswer, OfferHint } from "../protocol/board.ts";
import type { Delivery, Envelope } from "../protocol/envelope.ts";
import { ConnectedAgent } from "./connected-agent.ts";
import { refuseTicket, refuseToken } from "./identity.ts";

export class AgentEndpoint extends ConnectedAgent implements AgentRpc {
  async register(card: AgentCard, tokenHash?: string): Promise<Result<null>> {
    const registered = this.life.core().register(card, tokenHash);
    if (tokenHash !== undefined) this.life.connections.closeAll("the agent has a new token");
    return registered;
  }

  async card(): Promise<ClaimCard | null> {
    return this.life.find()?.card() ?? null;
  }

  async remove(): Promise<Result<null>> {
    const removed = this.life.find()?.remove();
    this.life.connections.closeAll("the agent was removed");
    return removed ?? succeed(null);
  }

  async rotate(tokenHash: string, overlap: number): Promise<Result<null>> {
    const rotated = this.life.find()?.rotate(tokenHash, overlap) ?? refuse("not_found", `There is no agent ${this.life.name()}.`);
    this.life.connections.closeVoid("the agent has a new token");
    return rotated;
  }

  async revoke(): Promise<Result<null>> {
    const revoked = this.life.find()?.revoke() ?? refuse("not_found", `There is no agent ${this.life.name()}.`);
    this.life.connections.closeVoid("the agent's token was revoked");
    return revoked;
  }

  async identify(principal: Principal): Promise<Result<AgentCard>> {
    return this.life.find(principal)?.identify(principal) ?? refuseToken();
  }

  async me(principal: Principal, client?: string): Promise<Result<Json>> {
    const shown = (await this.life.find(principal)?.me(principal)) ?? refuseToken();
    if (!shown.ok || client === undefined) return shown;
    const others = this.life.connections.listClients().filter((other) => other !== client);
    const held = this.life.connections.listHeldBeside(client);
    const me = shown.value as { turns: { turn: string }[]; [fact: string]: Json };
    return succeed({ ...me, elsewhere: me.turns.map(({ turn }) => turn).filter((turn) => held.has(turn)), others });
  }

  async accept(sender: Sender, events: unknown[]): Promise<Result<(Accepted | Rejected)[]>> {
    return this.life.find(sender)?.accept(sender, events) ?? refuseToken();
  }

  async inbox(principal: Principal, query: InboxQuery): Promise<Result<InboxPage>> {
    const proven = (await this.life.find(principal)?.identify(principal)) ?? refuseToken();
    if (!proven.ok) return proven;
    const notes = this.life.connections.notePoll(query);
    const page = await this.life.core().inbox(principal, query);
    return page.ok && notes.length ? succeed({ ...page.value, notes }) : page;
  }

  async ack(principal: Principal, ack: Acknowledgement): Promise<Result<null>> {
    const acknowledged = (await this.life.find(principal)?.ack(principal, ack)) ?? refuseToken();
    if (acknowledged.ok && ack.connection !== undefined) this.life.connections.hear(ack.connection);
    if (acknowledged.ok && ack.replaces !== undefined) this.life.connections.replace([ack.replaces]);
    return acknowledged;
  }

  async delivered(event: { source: string; id: string }): Promise<Delivered> {
    return this.life.find()?.delivered(event) ?? { agent: this.life.name(), status: "absent" };
  }

  async routed(id: string): Promise<{ event: CloudEvent; routing: Routing } | null> {
    return this.life.find()?.routed(id) ?? null;
  }

  async room(source: string, bytes: number): Promise<string | null> {
    return this.life.find()?.room(source, bytes) ?? null;
  }

  async standing(offer: string | null): Promise<AgentStanding | null> {
    return this.life.find()?.standing(offer) ?? null;
  }

  async hint(hint: OfferHint): Promise<HintAnswer> {
    return this.life.find()?.hint(hint) ?? "away";
  }

  deliver(envelope: Envelope): Promise<Delivery> {
    const unknown: Delivery = { status: "refused", code: "not_found", detail: `there is no ${envelope.to}` };
    return takeEnvelope(envelope, () => this.life.find()?.deliver(envelope) ?? Promise.resolve(unknown));
  }

  async presence(): Promise<PresenceFacts> {
    const shown = this.life.find()?.showPresence();
    if (shown) return { ...shown, clients: this.life.connections.listClients().length };
    return { state: "away", lastSignAt: null, connections: 0, clients: 0, seats: 0, slots: null, used: 0 };
  }

  async issueTicket(principal: Principal, ticketHash: string, tokenHash: string): Promise<Result<{ expires: string }>> {
    return this.life.find(principal)?.issueTicket(principal, ticketHash, tokenHash) ?? refuseToken();
  }

  async takeTicket(ticket: string): Promise<Result<string>> {
    return this.life.find()?.takeTicket(ticket) ?? refuseTicket();
  }
}
