--- Answers as they come: each in a buffer of its own, to whose end its text is added.

local runs = require("isaac.runs")

local M = {}

-- The run that writes into a buffer.
local writers = {}

local function add(buffer, text)
  local row = vim.api.nvim_buf_line_count(buffer) - 1
  local column = #vim.api.nvim_buf_get_lines(buffer, row, row + 1, true)[1]
  local followed = {}
  for _, window in ipairs(vim.fn.win_findbuf(buffer)) do
    if vim.api.nvim_win_get_cursor(window)[1] == row + 1 then
      table.insert(followed, window)
    end
  end
  vim.bo[buffer].modifiable = true
  vim.api.nvim_buf_set_text(buffer, row, column, row, column, vim.split(text, "\n", { plain = true }))
  vim.bo[buffer].modifiable = false
  -- Who reads further up is not torn away; who is at the end stays there.
  for _, window in ipairs(followed) do
    vim.api.nvim_win_set_cursor(window, { vim.api.nvim_buf_line_count(buffer), 0 })
  end
end

--- On a line of its own.
local function note(buffer, text)
  local last = vim.api.nvim_buf_get_lines(buffer, -2, -1, true)[1]
  add(buffer, (last == "" and "" or "\n") .. text .. "\n")
end

local function write(buffer, kind, data)
  if kind == "end" then
    writers[buffer] = nil
  end
  if not vim.api.nvim_buf_is_valid(buffer) then
    return
  elseif kind == "delta" then
    add(buffer, data)
  elseif kind == "tool" then
    note(buffer, ("[%s, tier %s: %s]"):format(data.call, data.tier, data.note))
  elseif kind == "log" then
    note(buffer, data)
  elseif kind == "end" then
    if data.error then
      note(buffer, "error: " .. data.error)
    end
    vim.api.nvim_exec_autocmds("User", { pattern = "IsaacEnded", modeline = false })
  end
end

local function window_for(title)
  local back = vim.api.nvim_get_current_win()
  local buffer = vim.api.nvim_create_buf(false, true)
  vim.bo[buffer].bufhidden = "wipe"
  vim.bo[buffer].filetype = "markdown"
  vim.bo[buffer].modifiable = false
  pcall(vim.api.nvim_buf_set_name, buffer, ("isaac://%d/%s"):format(buffer, vim.fn.strcharpart(title, 0, 60)))
  vim.cmd("botright split")
  vim.api.nvim_win_set_buf(0, buffer)
  vim.wo.wrap, vim.wo.linebreak = true, true
  vim.keymap.set("n", "<C-c>", function() M.stop(buffer) end, { buffer = buffer, desc = "Stop the answer" })
  vim.api.nvim_create_autocmd("BufWipeout", { buffer = buffer, callback = function() M.stop(buffer) end })
  vim.api.nvim_set_current_win(back)
  return buffer
end

--- Stop what is written into a buffer; without one, into the current.
function M.stop(buffer)
  runs.stop(writers[buffer or vim.api.nvim_get_current_buf()])
end

--- Ask, and show the answer in a window below, while it comes. Return the buffer.
function M.show(method, arguments, title)
  local buffer = window_for(title)
  runs.begin(method, arguments, function(kind, data) write(buffer, kind, data) end, function(run)
    if vim.api.nvim_buf_is_valid(buffer) then
      writers[buffer] = run
    else
      runs.stop(run)
    end
  end)
  return buffer
end

return M
