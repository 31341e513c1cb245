import { createNodeStorage } from "../../../../src/durable/host/storage/node-storage.ts";
import { describePage } from "../../../host/page-contract.ts";
import { describeStore } from "../../../host/store-contract.ts";
import { describeTrimmed } from "../../../host/trimmed-store-contract.ts";

for (const describe of [describeStore, describePage, describeTrimmed])
  describe("node:sqlite", async (body) => {
    const storage = createNodeStorage();
    try {
      body(storage);
    } finally {
      storage.close();
    }
  });
