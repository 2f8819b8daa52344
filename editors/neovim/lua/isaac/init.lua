--- Isaac in Neovim: what the commands of plugin/isaac.lua do, for key maps and scripts.

local answer = require("isaac.answer")
local line = require("isaac.line")
local link = require("isaac.link")
local runs = require("isaac.runs")

local M = {}

--- Say where Isaac is, if it is not in the usual places: `setup({ program = "/opt/isaac/bin/isaacctl", socket = "..." })`.
function M.setup(options)
  link.config = vim.tbl_extend("force", link.config, options or {})
  link.close()
end

--- The question with the lines it is about, fenced, and with the name of their language.
function M.about(question, lines, filetype)
  local text = table.concat(lines, "\n")
  local fence = "```"
  while text:find(fence, 1, true) do
    fence = fence .. "`"
  end
  return ("%s\n\n%s%s\n%s\n%s"):format(question, fence, filetype or "", text, fence)
end

--- Ask a question, about `lines` if there are any; the answer grows in a window below. Return its buffer.
function M.ask(question, lines)
  local whole = lines and M.about(question, lines, vim.bo.filetype) or question
  return answer.show("ask", { question = whole, _meta = link.meta() }, question)
end

local function choose(task, candidates, buffer, row)
  local function shown(candidate)
    return ("%s   (tier %s) %s"):format(candidate.command, candidate.tier, candidate.about)
  end
  vim.ui.select(candidates, { prompt = task, format_item = shown }, function(chosen)
    if chosen and vim.api.nvim_buf_is_valid(buffer) then
      row = math.min(row, vim.api.nvim_buf_line_count(buffer))
      vim.api.nvim_buf_set_lines(buffer, row, row, true, { chosen.command })
    end
  end)
end

--- Have a task turned into commands, and put the one that is chosen below the cursor; `:IsaacRun` there runs it.
function M.suggest(task)
  local buffer, row = vim.api.nvim_get_current_buf(), vim.fn.line(".")
  runs.begin("suggest", { task = task, _meta = link.meta() }, function(kind, data)
    if kind ~= "end" then
      return
    elseif data.error or #data.result.candidates == 0 then
      vim.notify("isaac: " .. (data.error or "no command is known for that"), vim.log.levels.WARN)
    else
      choose(task, data.result.candidates, buffer, row)
    end
  end, function() end)
end

M.run = line.run
M.stop = answer.stop

return M
