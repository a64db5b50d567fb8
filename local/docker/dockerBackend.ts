import { setTimeout as sleep } from "node:timers/promises";

import { execa } from "execa";

import { buildx } from "../../commands/builder";
import type { Platform } from "../../images/platform";
import { Fault } from "../../lib/errors";
import { log } from "../../lib/log";
import { runStep } from "../../lib/runStep";
import type { Backend, Services } from "../backend";
import { addBuilder, builderName } from "../addBuilder";
import { inFolder } from "../folder";
import { answers, whenPortTaken } from "../native/daemon";
import { compose, isComposed, logsOf, prepareCompose } from "./compose";

/** Timeout in milliseconds for the containers to answer. */
const timeout = 30_000;

/** BuildKit and the registry in containers, as compose.yaml describes them: nothing is installed and nobody is root. */
export const dockerBackend: Backend = {
  name: "docker",
  title: "Docker images",
  minutes: () => (isComposed() ? 0 : 1),
  requireUsable: () => undefined,
  start,
};

async function start(platforms: readonly Platform[]): Promise<Services> {
  const { COMPOSE_PROJECT_NAME: project, REGISTRY_PORT: port } = await prepareCompose();
  const registry = `localhost:${port}`;
  const { failed, all } = await runStep("containers", `docker compose up, project ${project}`, (step) => {
    // To pull both images the first time.
    step.minutes = 1;
    return compose("up", "--detach", "--quiet-pull");
  });
  if (failed) throw new Fault(explainFailure(all, port));
  await requireRegistry(port);
  await requirePlatforms(platforms);
  const buildKit = `docker-container://${project}-buildkit-1`;
  log("buildkit", buildKit);
  log("registry", registry);
  const client = { ...buildx(addBuilder(builderName, [buildKit])), env: { BUILDX_CONFIG: inFolder("buildx") } };
  const ownRegistry = { storage: `Docker's volume ${project}_registry`, log: followRegistry() };
  const [host, env] = [await readGateway(), { DOCKER_HOST: await readHost() }];
  return { registry, ownRegistry, builderLog: logsOf("buildkit"), buildKit, client, host, env };
}

/** Explains in a sentence why `docker compose up` failed, and what helps. */
export function explainFailure(output: string, port: string): string {
  if (/port is already allocated|address already in use/i.test(output)) {
    return `Another program uses port ${port}, the registry's. ${whenPortTaken("REGISTRY_PORT")}`;
  }
  if (/no space left on device/i.test(output)) {
    return "The disk of Docker is full. Free space there, for example by docker system prune, then retry.";
  }
  if (/cannot connect to the docker daemon|error during connect/i.test(output)) {
    return "Docker's daemon does not answer any more. Start Docker, then run the same command again.";
  }
  const lines = output.trim().split("\n").slice(-5).join("\n");
  return `Docker does not start BuildKit and the registry. Check that it can pull images, or set BACKEND=native.\n${lines}`;
}

/** Returns a function that reads what the registry logs from now on. */
function followRegistry(): () => Promise<string> {
  const since = new Date().toISOString();
  return async () => (await compose("logs", "--no-log-prefix", `--since=${since}`, "registry")).all;
}

/** Waits until the registry answers under the address that references have. */
async function requireRegistry(port: string): Promise<void> {
  const url = `http://localhost:${port}/v2/`;
  if (await poll(() => answers(url))) return;
  const { all } = await compose("logs", "--no-log-prefix", "--tail=10", "registry");
  throw new Fault(
    `The registry does not answer at ${url}. Docker must run on this machine. The end of its log:\n${all}`,
  );
}

/** Waits until BuildKit answers, and checks that it builds these platforms. */
async function requirePlatforms(platforms: readonly Platform[]): Promise<void> {
  let workers = "";
  const listWorkers = async () => {
    const { failed, stdout } = await compose("exec", "-T", "buildkit", "buildctl", "debug", "workers");
    workers = stdout;
    return !failed;
  };
  if (!(await poll(listWorkers))) {
    const { all } = await compose("logs", "--no-log-prefix", "--tail=10", "buildkit");
    throw new Fault(`BuildKit does not start in Docker. The end of its log:\n${all}`);
  }
  const missing = platforms.filter((platform) => !workers.includes(platform));
  if (missing.length === 0) return;
  throw new Fault(
    `BuildKit cannot build for ${missing.join(", ")}: Docker has no emulator for it. ` +
      `Remove it from PLATFORMS, or install one: docker run --privileged --rm tonistiigi/binfmt --install all.`,
  );
}

async function poll(isReady: () => Promise<boolean>): Promise<boolean> {
  for (const end = Date.now() + timeout; Date.now() < end; await sleep(200)) if (await isReady()) return true;
  return false;
}

/** The address of this machine in the network of the containers. On Linux, this machine has it too. */
async function readGateway(): Promise<string> {
  const format = "--format={{(index .IPAM.Config 0).Gateway}}";
  return (await execa("docker", ["network", "inspect", "bridge", format])).stdout;
}

/** Where Docker's daemon listens. pulumi has its own DOCKER_CONFIG, so it does not know the user's current context. */
async function readHost(): Promise<string> {
  return (await execa("docker", ["context", "inspect", "--format={{.Endpoints.docker.Host}}"])).stdout;
}
