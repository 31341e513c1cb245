import { testJudge, testTelling } from "../unit/contract/json-schema/judge-suite.ts";

testJudge();
testTelling();
