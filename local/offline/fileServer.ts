// Serves a folder over HTTP on an address of this machine: fileServer.ts FOLDER PORT HOST.
import { createServer } from "node:http";

import handler from "serve-handler";

const [folder, port, host] = process.argv.slice(2);
createServer((request, response) => void handler(request, response, { public: folder })).listen(Number(port), host);
