// Serves a folder over HTTP on the loopback interface: fileServer.ts FOLDER PORT.
import { createServer } from "node:http";

import handler from "serve-handler";

const [folder, port] = process.argv.slice(2);
createServer((request, response) => void handler(request, response, { public: folder })).listen(
  Number(port),
  "127.0.0.1",
);
