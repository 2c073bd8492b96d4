-- Drives Neovim as somebody does who edits a network, and writes what is to be seen as JSON into $SSS_SEEN.
-- NeovimTests.fs starts it, with the lines of docs/editors.md as init.lua.

local seen = {}

-- Looks every 10 ms until something is there, for 20 s at most.
local function wait(what, look)
  local found
  local is_there = vim.wait(20000, function()
    found = look()
    return found ~= nil
  end, 10)
  return is_there and found or error(what .. ": nothing after 20 s")
end

local function text()
  return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), "\n") .. "\n"
end

local function changed(from)
  return function()
    local now = text()
    return now ~= from and now or nil
  end
end

-- Puts the cursor on a word where it first occurs.
local function go(word)
  vim.api.nvim_win_set_cursor(0, { 1, 0 })
  assert(vim.fn.search("\\V" .. word, "W") > 0, word)
end

local function press(keys)
  vim.api.nvim_feedkeys(vim.api.nvim_replace_termcodes(keys, true, false, true), "tx", false)
end

-- What is underlined as a mistake: the marks that Neovim draws, with the words that they cover.
local function underlined()
  local words = {}
  for _, namespace in pairs(vim.diagnostic.get_namespaces()) do
    local id = namespace.user_data.underline_ns
    for _, mark in ipairs(id and vim.api.nvim_buf_get_extmarks(0, id, 0, -1, { details = true }) or {}) do
      local row, column, details = mark[2], mark[3], mark[4]
      if details.hl_group == "DiagnosticUnderlineError" then
        local line = vim.api.nvim_buf_get_lines(0, row, row + 1, true)[1]
        table.insert(words, ("%d: %s"):format(row + 1, line:sub(column + 1, details.end_col)))
      end
    end
  end
  return #words > 0 and words or nil
end

-- The text of the window above the others.
local function floating()
  for _, window in ipairs(vim.api.nvim_list_wins()) do
    if vim.api.nvim_win_get_config(window).relative ~= "" then
      local lines = vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, true)
      vim.api.nvim_win_close(window, true)
      return table.concat(lines, "\n")
    end
  end
end

local function completed()
  local position = vim.lsp.util.make_position_params(0, "utf-16")
  local answers = vim.lsp.buf_request_sync(0, "textDocument/completion", position, 20000)
  local labels = {}
  for _, answer in pairs(answers or {}) do
    for _, item in ipairs(answer.result.items) do
      table.insert(labels, item.label)
    end
  end
  return labels
end

local function drive()
  seen.underlined = wait("a mistake", underlined)
  seen.messages = vim.tbl_map(function(found)
    return found.message
  end, vim.diagnostic.get(0))

  -- Put right by typing: the marks go away.
  vim.cmd("%s/cnov/conv/")
  vim.cmd("%s/😀; //")
  wait("no mistake", function()
    return not underlined() and #vim.diagnostic.get(0) == 0 or nil
  end)

  go("conv 16")
  press("K")
  seen.hover = wait("a hover", floating)

  go("basic 16")
  press("gd")
  wait("the definition", function()
    return vim.api.nvim_win_get_cursor(0)[1] == 6 or nil
  end)

  local before = text()
  vim.lsp.buf.rename("stage")
  seen.renamed = wait("a rename", changed(before))

  local format = vim.lsp.buf.format or vim.lsp.buf.formatting_sync
  format()
  seen.formatted = wait("a format", changed(seen.renamed))

  go("relu")
  seen.completed = completed()
end

local is_fine, message = pcall(drive)
seen.failure = is_fine and "" or tostring(message)
local file = assert(io.open(os.getenv("SSS_SEEN"), "w"))
file:write(vim.fn.json_encode(seen))
file:close()
vim.cmd("qa!")
