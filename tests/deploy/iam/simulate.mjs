// Reads a list of simulations as JSON from stdin, and writes their results: "Allowed", "ExplicitlyDenied", "ImplicitlyDenied",
// or the errors of a request or policy that AWS would not know.
import { createRequire } from "node:module";

const require = createRequire(`${process.argv[2]}/`);
const { runSimulation } = require("@cloud-copilot/iam-simulate");

let input = "";
for await (const chunk of process.stdin) input += chunk;

const results = [];
for (const simulation of JSON.parse(input)) {
  const done = await runSimulation(simulation, {});
  results.push(done.errors ?? done.overallResult ?? done.analysis?.result);
}
process.stdout.write(JSON.stringify(results));
