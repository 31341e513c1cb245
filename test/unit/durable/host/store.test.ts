import { createNodeStorage } from "../../../../src/durable/host/storage/node-storage.ts";
import { describeStore } from "../../../host/store-contract.ts";

describeStore("node:sqlite", async (body) => {
  const storage = createNodeStorage();
  try {
    body(storage);
  } finally {
    storage.close();
  }
});
