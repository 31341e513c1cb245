import { openSqliteD1 } from "../../worker/sqlite-d1.ts";
import { testProjection } from "./projection-suite.ts";

testProjection(openSqliteD1);
