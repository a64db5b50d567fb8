// make contract: judges a runner image by what users do with it.
import { runCommand } from "../../lib/command";
import { log, logHeading } from "../../lib/log";
import { alone } from "../../local/checkoutLock";
import { prepareBuilder } from "../../local/environment";
import { folder, inFolder } from "../../local/folder";
import { startBuildKit } from "../../local/native/buildKit";
import { checksOf } from "./checks";
import { formatFindings, judge } from "./judge";
import { RuncBox } from "./runcBox";
import { readSelection } from "./selection";

async function contract(): Promise<void> {
  const { reference, platform, languages } = readSelection();
  const tools = await prepareBuilder([platform]);
  const address = await startBuildKit(tools, folder, { platforms: [platform] });
  logHeading(`Judging ${reference} for ${platform}`);
  log("checks", ["of every image", ...languages].join(", "));
  const engine = { runc: tools.runc, buildKit: { buildctl: tools.buildctl, address } };
  const box = await RuncBox.open(engine, { reference, platform }, inFolder("contract"));
  const interrupt = () => void box.close().finally(() => process.exit(130));
  // Not `once`: without a listener, execa would end this process.
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  try {
    const findings = await judge(box, checksOf(languages));
    console.log(`\n${formatFindings(findings)}`);
    if (findings.some(({ verdict }) => verdict === "RED")) process.exitCode = 1;
  } finally {
    await box.close();
  }
}

// As in cli.ts: containers run as other users, and must be able to read what is created here.
process.umask(0o022);
runCommand({ contract: alone(contract) });
