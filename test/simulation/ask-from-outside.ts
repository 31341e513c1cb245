/**
 * What asks an actor of a cell from outside keeps it at work, and hears an answer only once all that was committed is written: as the
 * cell's own door does.
 */
export function askFromOutside<Actor extends object>(actor: Actor, door: { written(): void; atWork(work: Promise<unknown>): void }): Actor {
  const { written, atWork } = door;
  return new Proxy(actor, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member === "object" && member !== null) return askFromOutside(member, door);
      if (typeof member !== "function") return member;
      return (...given: unknown[]) => {
        const answer: unknown = member.apply(target, given);
        if (answer instanceof Promise) {
          atWork(answer);
          return answer.then((value) => {
            written();
            return value;
          });
        }
        written();
        return answer;
      };
    },
  });
}
