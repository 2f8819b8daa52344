// Stands in for VS Code's own module: documents are texts, questions are answered from lists, tasks are run at once.
"use strict";

const { spawnSync } = require("node:child_process");

class Document {
  constructor(text, languageId) {
    Object.assign(this, { text, languageId, uri: { fsPath: "untitled" } });
  }
  get lineCount() { return this.text.split("\n").length; }
  lineAt(line) { return { text: this.text.split("\n")[line], range: { end: { line } } }; }
  getText(selection) { return selection?.text ?? ""; }
}

const said = { shown: [], asked: [], errors: [], told: [] };
const answers = { input: [], warning: [] };
const commands = new Map();
const tokens = [];

module.exports = {
  said, answers, commands, tokens, Document,
  folder: undefined,
  config: {},
  commands: {
    registerCommand: (name, run) => { commands.set(name, run); return { dispose() {} }; },
    run: (name, ...given) => commands.get(name)(...given),
  },
  env: { shell: "/bin/bash" },
  ViewColumn: { Beside: -2 },
  ProgressLocation: { Notification: 15 },
  TaskScope: { Workspace: 2 },
  ProcessExecution: class { constructor(program, words, options) { Object.assign(this, { program, words, options }); } },
  Task: class { constructor(kind, scope, name, source, execution) { Object.assign(this, { kind, name, source, execution }); } },
  WorkspaceEdit: class {
    constructor() { this.made = []; }
    insert(uri, position, text) { this.made.push([uri, position, text]); }
  },
  workspace: {
    getConfiguration: () => ({ get: (name) => module.exports.config[name] ?? "" }),
    getWorkspaceFolder: () => undefined,
    get workspaceFolders() { return [{ uri: { fsPath: module.exports.folder } }]; },
    openTextDocument: async ({ language, content }) => {
      const made = new Document(content, language);
      said.shown.push(made);
      return made;
    },
    applyEdit: async (edit) => {
      for (const [uri, position, text] of edit.made) {
        const found = said.shown.find((document) => document.uri === uri);
        if (position.line !== found.lineCount - 1) throw new Error("an edit that is not at the end");
        found.text += text;
      }
      return true;
    },
  },
  window: {
    activeTextEditor: undefined,
    showTextDocument: async () => {},
    showErrorMessage: (text) => { said.errors.push(text); },
    showInformationMessage: (text) => { said.told.push(text); },
    showInputBox: async (options) => { said.asked.push(options.prompt); return answers.input.shift(); },
    showWarningMessage: async (text, options) => { said.asked.push(`${text}\n${options.detail}`); return answers.warning.shift(); },
    showQuickPick: async (items) => items[0],
    withProgress: (_, work) => {
      const token = { onCancellationRequested: (stop) => { token.stop = stop; } };
      tokens.push(token);
      return work({}, token);
    },
  },
  tasks: {
    executeTask: async ({ name, execution: { program, words, options } }) => {
      const done = spawnSync(program, words, { ...options, encoding: "utf8" });
      return { name, exit: done.status };
    },
  },
};
