// Isaac in VS Code: the three commands of package.json.
"use strict";

const fs = require("node:fs");
const os = require("node:os");
const vscode = require("vscode");

const { Client } = require("./client.js");

let client;

function activate(context) {
  const settings = () => {
    const found = vscode.workspace.getConfiguration("isaac");
    return { program: found.get("program"), socket: found.get("socket") };
  };
  client = new Client(settings);
  context.subscriptions.push(client);
  for (const [name, command] of [["isaac.ask", ask], ["isaac.suggest", suggest], ["isaac.run", run]]) {
    context.subscriptions.push(vscode.commands.registerCommand(name, async (...given) => {
      try {
        return await command(...given);
      } catch (error) {
        vscode.window.showErrorMessage(`Isaac: ${error.message}`);
      }
    }));
  }
}

/** Return the folder that lines run in: that of the document's workspace, else the first, else the person's home. */
function folder() {
  const uri = vscode.window.activeTextEditor?.document.uri;
  const found = (uri && vscode.workspace.getWorkspaceFolder(uri)) ?? vscode.workspace.workspaceFolders?.[0];
  return found?.uri.fsPath ?? os.homedir();
}

/** Return the question with the text it is about, fenced, and with the name of its language. */
function about(question, text, language) {
  let fence = "```";
  while (text.includes(fence)) fence += "`";
  return `${question}\n\n${fence}${language}\n${text.replace(/\n+$/, "")}\n${fence}`;
}

/** Ask, about the selection if there is one; the answer grows in a document beside, while it comes. */
async function ask(given) {
  const editor = vscode.window.activeTextEditor;
  const question = given ?? (await vscode.window.showInputBox({ prompt: "Ask Isaac" }));
  if (!question) return;
  const text = editor?.document.getText(editor.selection);
  const whole = text ? about(question, text, editor.document.languageId) : question;
  const document = await vscode.workspace.openTextDocument({ language: "markdown", content: "" });
  await vscode.window.showTextDocument(document, {
    viewColumn: vscode.ViewColumn.Beside, preserveFocus: true, preview: false,
  });
  // Edits are made one after another: each is put at the end that the one before has made.
  let edits = Promise.resolve();
  const add = (more) => {
    edits = edits.then(() => {
      const edit = new vscode.WorkspaceEdit();
      edit.insert(document.uri, document.lineAt(document.lineCount - 1).range.end, more);
      return vscode.workspace.applyEdit(edit);
    });
  };
  const onEvent = (kind, data) => {
    if (kind === "delta") add(data);
    else if (kind === "log") add(`\n${data}\n`);
    else if (kind === "tool") add(`\n[${data.call}, tier ${data.tier}: ${data.note}]\n`);
  };
  const options = { location: vscode.ProgressLocation.Notification, title: "Isaac answers", cancellable: true };
  await vscode.window.withProgress(options, async (_, token) => {
    const stop = new AbortController();
    token.onCancellationRequested(() => stop.abort());
    try {
      await client.request("ask", { question: whole }, { onEvent, signal: stop.signal, cwd: folder() });
    } catch (error) {
      add(`\nerror: ${error.message}\n`);
    }
    await edits;
  });
  return document;
}

/** Turn a task into a command, and put the one that is chosen where the cursor is; nothing is run. */
async function suggest(given) {
  const editor = vscode.window.activeTextEditor;
  const task = given ?? (await vscode.window.showInputBox({ prompt: "What do you want to do?" }));
  if (!task) return;
  const { candidates } = await client.request("suggest", { task }, { cwd: folder() });
  if (!candidates.length) return vscode.window.showInformationMessage("Isaac knows no command for that.");
  const items = candidates.map(({ command, tier, about: detail }) => ({ label: command, description: `tier ${tier}`, detail }));
  const chosen = await vscode.window.showQuickPick(items, { placeHolder: task });
  if (chosen && editor) await editor.edit((edit) => edit.insert(editor.selection.active, chosen.label));
}

/** Have the selection, or the line of the cursor, judged; ask as its tier demands; run it as a task. */
async function run(given) {
  const editor = vscode.window.activeTextEditor;
  const here = editor && (editor.document.getText(editor.selection) || editor.document.lineAt(editor.selection.active.line).text);
  const line = given ?? (await vscode.window.showInputBox({ prompt: "Run", value: here?.trim() }));
  if (!line) return;
  const cwd = folder();
  const card = await client.request("route", { line, shell: vscode.env.shell || null }, { cwd });
  if (!card.plan) return vscode.window.showInformationMessage(`Isaac: ${card.because}`);
  const said = await agreed(card.plan);
  if (!said) return;
  const released = await client.request("approve", said, { cwd });
  const there = fs.statSync(released.cwd);
  if (released.folder && (there.dev !== released.folder[0] || there.ino !== released.folder[1])) {
    throw new Error("the folder is not the one that the line was judged in; say it again");
  }
  const [program, ...words] = released.argv;
  const execution = new vscode.ProcessExecution(program, words, { cwd: released.cwd });
  const task = new vscode.Task({ type: "isaac" }, vscode.TaskScope.Workspace, released.line, "isaac", execution);
  return vscode.tasks.executeTask(task);
}

/** Ask as the plan demands; return what `approve` takes, or nothing if nobody agrees. */
async function agreed({ token, demand, phrase, line, tier, reasons }) {
  const detail = [`tier ${tier}`, ...reasons.map((reason) => `- ${reason.text}`)].join("\n");
  if (demand === "nothing") return { token };
  if (demand === "notice") {
    vscode.window.showInformationMessage(`${line}\n${detail}`);
    return { token };
  }
  if (demand === "phrase") {
    const said = await vscode.window.showInputBox({ title: line, prompt: `${detail}\nType \`${phrase}\` to run it`, ignoreFocusOut: true });
    return said ? { token, phrase: said } : undefined;
  }
  const said = await vscode.window.showWarningMessage(line, { modal: true, detail }, "Run");
  return said === "Run" ? { token, yes: true } : undefined;
}

module.exports = { activate, deactivate: () => client?.dispose() };
