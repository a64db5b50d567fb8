import type { Builder } from "../commands/builder";
import type { OwnRegistry } from "../commands/target";
import type { Platform } from "../images/platform";

/** A way to run BuildKit and a registry on this machine: `docker` in containers, `native` as processes. */
export type BackendName = "docker" | "native";

/** BuildKit and the registry of this checkout, while they run. */
export interface Services {
  /** The registry's address, localhost:<port>, which is right from this machine, from BuildKit and in references. */
  readonly registry: string;
  /** Where the registry stores images, and what it logs from now on. */
  readonly ownRegistry: OwnRegistry;
  /** BuildKit's log: a file, or the command that prints it. */
  readonly builderLog: string;
  /** BuildKit's address, as buildx's driver `remote` accepts it. */
  readonly buildKit: string;
  /** The client that builds with this BuildKit. */
  readonly client: Builder;
  /** The host under which this machine and BuildKit reach servers of this machine. */
  readonly host: string;
  /** Environment variables with which pulumi finds BuildKit. */
  readonly env: NodeJS.ProcessEnv;
}

/** Runs BuildKit and a registry for this checkout. */
export interface Backend {
  readonly name: BackendName;
  /** What the first start installs, for people. */
  readonly title: string;
  /** How long that takes if nothing is cached, in minutes; 0 if it is installed. */
  readonly minutes: () => number;
  /** Checks at once what would fail after minutes. @throws {Fault} */
  readonly requireUsable: () => void;
  /** Starts both, unless they run. BuildKit must be able to build these platforms. */
  readonly start: (platforms: readonly Platform[]) => Promise<Services>;
}
