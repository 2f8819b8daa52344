// The connection to the daemon: found, opened, opened again. One object of JSON a line, and nothing but Node.
"use strict";

const { execFile } = require("node:child_process");
const fs = require("node:fs");
const net = require("node:net");
const path = require("node:path");
const readline = require("node:readline");

const LEFT = "the daemon has left; this is not the whole answer";
// What the daemon may know of the environment, as isaacctl tells it.
const TOLD = new Set(
  ("NO_COLOR TERM LANG LC_ALL LC_MESSAGES LC_CTYPE EDITOR VISUAL PAGER SHELL PATH HOME USER TMPDIR MANPATH VIRTUAL_ENV " +
    "OLLAMA_HOST BASH_ENV SHELLOPTS PS4 LD_PRELOAD LD_AUDIT DYLD_INSERT_LIBRARIES").split(" "));
const ALSO = /^(ISAAC_|BASH_FUNC_)|(_API_KEY|_BASE_URL|_TOKEN|_SECRET)$/;

/** Return the path of the socket. */
function socketPath(env) {
  if (env.ISAACD_SOCKET) return env.ISAACD_SOCKET;
  const base = env.XDG_RUNTIME_DIR;
  if (base && fs.existsSync(base)) return path.join(base, "isaacd/isaacd.sock");
  return `/tmp/isaacd-${process.getuid()}/isaacd.sock`;
}

class Client {
  /** `settings()` gives `{program, socket}` as they are now. */
  constructor(settings, env = process.env) {
    this.settings = settings;
    this.env = env;
    this.last = 0;
    this.waiting = new Map();
    this.opening = null;
    this.socket = null;
  }

  /** Call a method. `onEvent(kind, data)` hears what comes before the result; aborting `signal` cancels it. */
  async request(method, params, { onEvent, signal, cwd } = {}) {
    await this.connect();
    signal?.throwIfAborted();
    const _meta = { cwd: cwd ?? process.cwd(), env: this.told(), stream: onEvent !== undefined };
    const { id, answer } = this.send(method, { ...params, _meta }, onEvent);
    const cancel = () => this.write({ method: "$/cancelRequest", params: { id } });
    signal?.addEventListener("abort", cancel, { once: true });
    return answer.finally(() => signal?.removeEventListener("abort", cancel));
  }

  /** Connect, if that is not so; where no daemon runs one is started. */
  connect() {
    if (this.socket) return Promise.resolve();
    this.opening ??= this.open()
      .catch(() => this.start().then(() => this.open()))
      .finally(() => (this.opening = null));
    return this.opening;
  }

  /** Connect, and hear from the daemon once: one that is dying may still take a connection, and never answer. */
  async open() {
    const socket = net.createConnection(this.settings().socket || socketPath(this.env));
    await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    socket.on("error", () => {}); // `close` follows
    socket.on("close", () => this.closed(socket));
    const lines = readline.createInterface({ input: socket }).on("line", (line) => this.hear(JSON.parse(line)));
    lines.on("error", () => {}); // Node hands the socket's on to it
    this.socket = socket;
    await this.send("hello", { proto: [1], client: { name: "vscode", version: "1" } }).answer;
  }

  start() {
    const program = this.settings().program || "isaacctl";
    return new Promise((resolve, reject) =>
      execFile(program, ["start"], { env: this.env }, (error, _, said) => {
        if (!error) return resolve();
        const missing = error.code === "ENOENT" || error.code === "EACCES";
        reject(new Error(missing ? `${program} cannot be run; install Isaac, or set isaac.program` : said.trim()));
      }));
  }

  send(method, params, onEvent) {
    const id = ++this.last;
    const answer = new Promise((resolve, reject) =>
      this.waiting.set(id, { resolve, reject, onEvent, socket: this.socket }));
    this.write({ jsonrpc: "2.0", id, method, params });
    return { id, answer };
  }

  write(message) {
    this.socket?.write(`${JSON.stringify(message)}\n`);
  }

  hear(message) {
    if (message.method === "$/event") {
      const [id, , kind, data] = message.params;
      this.waiting.get(id)?.onEvent?.(kind, data);
      return;
    }
    const asked = this.waiting.get(message.id);
    this.waiting.delete(message.id);
    if (!message.error) return asked?.resolve(message.result);
    const hint = message.error.data?.hint;
    asked?.reject(new Error(message.error.message + (hint ? `\n${hint}` : "")));
  }

  closed(socket) {
    if (this.socket === socket) this.socket = null;
    for (const [id, asked] of this.waiting) {
      if (asked.socket !== socket) continue;
      this.waiting.delete(id);
      asked.reject(new Error(LEFT));
    }
  }

  told() {
    return Object.fromEntries(Object.entries(this.env).filter(([name]) => TOLD.has(name) || ALSO.test(name)));
  }

  dispose() {
    this.socket?.destroy();
  }
}

module.exports = { Client, socketPath };
