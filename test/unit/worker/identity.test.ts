import { testIdentity } from "./identity-suite.ts";
import { openSqliteD1 } from "./sqlite-d1.ts";

testIdentity(openSqliteD1);
