// make contract: judges a runner image by what users do with it.
import { runCommand } from "../../lib/command";
import { log, logHeading } from "../../lib/log";
import { alone } from "../../local/checkoutLock";
import { folder, prepareFolder } from "../../local/folder";
import { requireBuildKitCanStart, startBuildKit } from "../../local/native/buildKit";
import { ensureBuilderTools } from "../../local/native/builderTools";
import { ensureEmulation } from "../../local/native/platforms";
import { checksOf } from "./checks";
import { formatFindings, judge } from "./judge";
import { RuncBox, contractFolder } from "./runcBox";
import { readSelection } from "./selection";

async function contract(): Promise<void> {
  const { reference, platform, languages } = readSelection();
  // runc runs the checks, so BuildKit runs as a process here too.
  requireBuildKitCanStart(folder);
  prepareFolder("native", "build");
  await ensureEmulation([platform]);
  const tools = await ensureBuilderTools();
  const address = await startBuildKit(tools, folder, { platforms: [platform] });
  logHeading(`Judging ${reference} for ${platform}`);
  log("checks", ["of every image", ...languages].join(", "));
  const engine = { runc: tools.runc, buildKit: { buildctl: tools.buildctl, address } };
  const box = await RuncBox.open(engine, { reference, platform }, contractFolder);
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
