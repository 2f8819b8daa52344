-- The commands. Nothing of Isaac is loaded before one of them is used.

if vim.g.loaded_isaac then
  return
end
vim.g.loaded_isaac = true

vim.api.nvim_create_user_command("Isaac", function(given)
  local lines = given.range > 0 and vim.api.nvim_buf_get_lines(0, given.line1 - 1, given.line2, true) or nil
  require("isaac").ask(given.args, lines)
end, { nargs = "+", range = true, desc = "Ask Isaac, about the selected lines if there are any" })

vim.api.nvim_create_user_command("IsaacSuggest", function(given)
  require("isaac").suggest(given.args)
end, { nargs = "+", desc = "Turn a task into a command, below the cursor" })

vim.api.nvim_create_user_command("IsaacRun", function(given)
  require("isaac").run(given.args ~= "" and given.args or vim.api.nvim_get_current_line())
end, { nargs = "*", desc = "Have a line, else that of the cursor, judged, and run it if that is agreed to" })

vim.api.nvim_create_user_command("IsaacStop", function()
  require("isaac").stop()
end, { desc = "Stop the answer in this window" })
