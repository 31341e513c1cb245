/**
 * The tables that an agent's object had before its documents, and how they become these. As they were released: never edited.
 */
import type { FormerTables } from "../host/store/tables.ts";

export const formerAgentTables: FormerTables = {
  migrations: [
    `CREATE TABLE agent (one INTEGER PRIMARY KEY CHECK (one = 1), card TEXT NOT NULL, report TEXT NOT NULL, token_hash TEXT NOT NULL, seq_reserved INTEGER NOT NULL, removed INTEGER NOT NULL DEFAULT 0);
     CREATE TABLE mailbox (seq INTEGER PRIMARY KEY, channel TEXT NOT NULL, event TEXT NOT NULL, held INTEGER NOT NULL, acked INTEGER NOT NULL DEFAULT 0, turn TEXT, offer TEXT, expires INTEGER);
     CREATE INDEX mailbox_turn ON mailbox (turn) WHERE turn IS NOT NULL;
     CREATE INDEX mailbox_offer ON mailbox (offer) WHERE offer IS NOT NULL;
     CREATE TABLE sender (address TEXT PRIMARY KEY, last INTEGER NOT NULL, held_seq INTEGER, at INTEGER NOT NULL) WITHOUT ROWID;
     CREATE TABLE sent (id TEXT PRIMARY KEY, hash TEXT NOT NULL, answer TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
     CREATE TABLE seat (thread TEXT NOT NULL, role TEXT NOT NULL, workflow TEXT NOT NULL, generation INTEGER NOT NULL, PRIMARY KEY (thread, role)) WITHOUT ROWID;`,
    `ALTER TABLE seat ADD COLUMN type TEXT NOT NULL DEFAULT 'open';`,
    `CREATE TABLE former_token (hash TEXT PRIMARY KEY, expires INTEGER NOT NULL) WITHOUT ROWID;`,
    `CREATE TABLE ticket (hash TEXT PRIMARY KEY, token_hash TEXT NOT NULL, expires INTEGER NOT NULL) WITHOUT ROWID;`,
    `ALTER TABLE seat ADD COLUMN every INTEGER NOT NULL DEFAULT 30000;
     ALTER TABLE seat ADD COLUMN silence INTEGER NOT NULL DEFAULT 90000;
     ALTER TABLE seat ADD COLUMN grace INTEGER DEFAULT 60000;
     ALTER TABLE seat ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
     ALTER TABLE seat ADD COLUMN away INTEGER NOT NULL DEFAULT 0;
     CREATE TABLE claiming (offer TEXT PRIMARY KEY, thread TEXT NOT NULL, role TEXT NOT NULL, silence INTEGER NOT NULL, since INTEGER NOT NULL, away INTEGER NOT NULL) WITHOUT ROWID;
     CREATE TABLE presence (one INTEGER PRIMARY KEY CHECK (one = 1), state TEXT NOT NULL, at INTEGER NOT NULL, heard INTEGER NOT NULL, granted INTEGER NOT NULL, connections INTEGER NOT NULL, due INTEGER);`,
    `ALTER TABLE sent ADD COLUMN routed TEXT;
     CREATE TABLE receipt (source TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, acked INTEGER, at INTEGER NOT NULL, PRIMARY KEY (source, id)) WITHOUT ROWID;
     CREATE INDEX receipt_open ON receipt (seq) WHERE acked IS NULL;`,
    `ALTER TABLE mailbox ADD COLUMN source TEXT;
     ALTER TABLE mailbox ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
     CREATE INDEX mailbox_source ON mailbox (source, bytes) WHERE source IS NOT NULL;`,
    `CREATE TABLE ignored (one INTEGER PRIMARY KEY CHECK (one = 1), offers INTEGER NOT NULL);`,
  ],
  convert(storage, owner) {
    for (const select of copies) storage.exec(`INSERT INTO document ${select}`, owner);
    for (const table of tables) storage.exec(`DROP TABLE ${table}`);
  },
};

const tables = ["agent", "mailbox", "sender", "sent", "seat", "former_token", "ticket", "claiming", "presence", "receipt", "ignored"];

/** Documents of a collection out of its tables: selects the owner, which is bound, and the rest of each. */
const copies: readonly string[] = [
  `SELECT ?, 'account', '', NULL, '{"card":' || card || ',"report":' || report || ',"tokenHash":' || json_quote(token_hash)
        || ',"former":' || (SELECT json_group_array(json_object('hash', hash, 'expires', expires)) FROM (SELECT * FROM former_token ORDER BY expires))
        || ',"removed":' || iif(removed, 'true', 'false') || '}'
      FROM agent`,
  "SELECT ?, 'number', '', NULL, json_object('reserved', seq_reserved) FROM agent",
  `SELECT ?, 'presence', '', NULL,
        json_object('state', state, 'at', at, 'heard', heard, 'granted', granted, 'connections', connections, 'due', due)
      FROM presence`,
  `SELECT ?, 'assignment', thread || ' ' || role, NULL, json_object('thread', thread, 'role', role, 'workflow', workflow, 'type', type,
        'generation', generation, 'every', every, 'silence', silence, 'grace', grace, 'since', since, 'away', json(iif(away, 'true', 'false')))
      FROM seat`,
  `SELECT ?, 'claim', offer, NULL, json_object('thread', thread, 'role', role, 'silence', silence, 'since', since,
        'away', json(iif(away, 'true', 'false')))
      FROM claiming`,
  "SELECT ?, 'ticket', hash, NULL, json_object('tokenHash', token_hash, 'expires', expires) FROM ticket",
  "SELECT ?, 'ignored', '', NULL, json_object('offers', offers) FROM ignored",
  // Of an offer that was told of twice the newest.
  `SELECT ?, 'offer', '', NULL, json_group_object(offer, json_patch('{}', json_object('seq', seq, 'event', json(event), 'expires', expires,
        'mailed', json('true'), 'acked', iif(acked, json('true'), NULL))))
      FROM (SELECT * FROM mailbox WHERE offer IS NOT NULL AND seq IN (SELECT max(seq) FROM mailbox WHERE offer IS NOT NULL GROUP BY offer)
        ORDER BY seq DESC LIMIT 1000)
      HAVING count(*) > 0`,
  // Facts without what is null, and the same with the event.
  `SELECT ?, 'mail', printf('%016d', seq), facts, substr(facts, 1, length(facts) - 1) || ',"event":' || event || '}'
      FROM (SELECT seq, event, json_patch('{}', json_object('channel', channel, 'turn', turn, 'expires', expires,
          'source', sender, 'id', iif(sender IS NULL, NULL, event ->> '$.id'), 'bytes', iif(sender IS NULL, NULL, bytes))) AS facts
        FROM (SELECT *, coalesce(source, (SELECT source FROM receipt WHERE receipt.seq = mailbox.seq AND acked IS NULL)) AS sender FROM mailbox
          WHERE offer IS NULL))`,
  `SELECT ?, 'mail-mark', '', NULL, json_object('acked', json((SELECT json_group_array(seq) FROM mailbox WHERE acked = 1 AND offer IS NULL)),
        'held', json((SELECT json_group_object(CAST(seq AS TEXT), coalesce(address, '')) FROM mailbox LEFT JOIN sender ON held_seq = seq WHERE held = 1)))
      WHERE EXISTS (SELECT 1 FROM mailbox WHERE acked = 1 AND offer IS NULL OR held = 1)`,
  // All actors of a thread together.
  `SELECT ?, 'sender', name, max(at), json_group_object(address, json_object('last', last))
      FROM (SELECT *, iif(address GLOB 'task/*' OR address GLOB 'recruitment/*', substr(address, instr(address, '/') + 1, 26), address) AS name
        FROM sender ORDER BY at)
      GROUP BY name`,
  `SELECT ?, 'sent', id, at, '{"hash":' || json_quote(hash) || ',"answer":' || answer || coalesce(',"routed":' || routed, '') || '}' FROM sent`,
  // What is not acknowledged is in the mailbox.
  "SELECT ?, 'receipt', source || ' ' || id, at, json_object('seq', seq, 'acked', acked) FROM receipt WHERE acked IS NOT NULL",
];
