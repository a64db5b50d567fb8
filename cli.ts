// One command a line: what `make <command>` and the workflows call. Input comes through environment variables, so that no
// shell expands it.
import { join } from "node:path";

import { configure } from "./commands/configure";
import { inventory } from "./commands/inventory/inventory";
import { writeLayers } from "./commands/layers/layers";
import { readHandedOver } from "./commands/layers/requireLayers";
import { listPublished } from "./commands/listPublished";
import { migration } from "./commands/migration/migration";
import { preview } from "./commands/preview";
import { release } from "./commands/release";
import { reportReleased, review } from "./commands/review/review";
import { rollback } from "./commands/rollback";
import { selectedLanguages, selectedPlatforms } from "./commands/selection";
import { stackTarget } from "./commands/stackTarget";
import { status } from "./commands/status";
import type { Target } from "./commands/target";
import { verify } from "./commands/verify/verify";
import { watchFromEnvironment } from "./commands/watch/watch";
import { requireRelease } from "./images/gitTag";
import { type Command, runCommand } from "./lib/command";
import { readVariable, requireVariables } from "./lib/environmentVariables";
import { Fault } from "./lib/errors";
import { Clone } from "./lib/git";
import { alone } from "./local/checkoutLock";
import { clean, down } from "./local/tearDown";
import { layersTarget } from "./local/layersTarget";
import { runLinters } from "./local/lint/lint";
import { ownPlatform } from "./local/native/platforms";
import { localTarget, runLocalPulumi } from "./local/target";
import { localBuilder, localWorkshop } from "./local/workshop";

// Builds run as another user and must be able to read what is created here, whatever the umask. Nothing in .local is private.
process.umask(0o022);

const clone = new Clone(__dirname);
const requireTag = () => requireVariables(["TAG"]).TAG;
/** The stack that publishes TAG. */
const targetOfTag = () => stackTarget(requireRelease(requireTag()).stack, clone);

/** The stack that writes layers for the stack of TAG. */
const layersTargetOfTag = () => layersTarget(requireRelease(requireTag()).stack, clone, layersPlatform());
/** PLATFORMS must name one: a machine writes the layers of its own platform. */
const layersPlatform = () => selectedPlatforms()?.[0] ?? ownPlatform();

const selectedStack = () => process.env["STACK"] ?? "local";

function selectedTarget(): Target {
  const stack = selectedStack();
  if (stack === "local") return localTarget();
  if (stack === "dev" || stack === "prod") return stackTarget(stack, clone);
  throw new Fault(`STACK ${JSON.stringify(stack)} is not a stack. Use dev, prod or local.`);
}

/** Reads a registry. This machine's may not run yet. */
const reading = (command: Command) => (selectedStack() === "local" ? alone(command) : command);

const changing: Record<string, Command> = {
  // An empty TAG is refused, like any other text that is not a release tag.
  up: () => release(localTarget(), process.env["TAG"], selectedLanguages()),
  release: () => release(targetOfTag(), requireTag()),
  rollback: () => rollback(process.env["STACK"] === "local" ? localTarget() : targetOfTag(), requireTag()),
  layers: () => writeLayers(layersTargetOfTag(), requireTag(), layersPlatform(), clone),
  preview: () => preview(selectedTarget(), process.env["TAG"], selectedLanguages()),
  configure: () => configure(targetOfTag(), requireTag()),
  verify: () => verify(selectedTarget(), requireTag(), selectedLanguages(), localWorkshop),
  inventory: async () => {
    const [target, tag] = [selectedTarget(), requireTag()];
    const handedOver = target.stack === "local" ? undefined : await readHandedOver(requireRelease(tag), clone);
    await inventory(target, tag, selectedLanguages(), localBuilder, undefined, handedOver);
  },
  review: () => review(requireVariables(["STACK"]).STACK, __dirname, join(__dirname, ".local")),
  migration: () => migration(selectedTarget, localBuilder),
  pulumi: () => runLocalPulumi(),
  lint: () => runLinters(),
  down: () => down(),
  clean: () => clean(),
};

runCommand({
  ...Object.fromEntries(Object.entries(changing).map(([name, command]) => [name, alone(command)])),
  status: reading(() => status(selectedTarget(), readVariable("IMAGE_TAG"))),
  "list-published": reading(() => listPublished(selectedTarget(), readVariable("IMAGE_TAG") ?? "latest")),
  released: () => reportReleased(requireVariables(["STACK"]).STACK, __dirname),
  watch: () => watchFromEnvironment(clone),
});
