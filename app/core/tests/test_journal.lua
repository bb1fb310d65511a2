-- SPDX-License-Identifier: MIT
-- core.journal of app/: a list in a file that several processes share.
local journal = require "core.journal"

local function with_file(fn)
  local path = os.tmpname()
  local ok, err = pcall(fn, path)
  os.remove(path)
  if not ok then
    error(err, 0)
  end
end

local function append(path, text)
  local file = assert(io.open(path, "ab"))
  file:write(text)
  file:close()
end

local function titles(list)
  local out = {}
  for i, row in ipairs(list:all()) do
    out[i] = row.title
  end
  return table.concat(out, " ")
end

describe("journal", function()
  it("adds, gives and removes", function()
    with_file(function(path)
      local list = journal.open(path)
      assert.equal("", titles(list))
      local a, b = list:add { title = "a" }, list:add { title = "b" }
      assert.equal("b a", titles(list))
      assert.equal("a", list:get(a.pk).title)
      assert.is_true(list:remove(a.pk))
      assert.is_false(list:remove(a.pk))
      assert.is_nil(list:get(a.pk))
      assert.equal("b", titles(list))
      assert.is_true(list:add({ title = "c" }).pk > b.pk)
    end)
  end)
  it("works where there is no file yet", function()
    local path = os.tmpname()
    os.remove(path)
    local list = journal.open(path)
    assert.equal("", titles(list))
    assert.equal(1, list:add({ title = "a" }).pk)
    os.remove(path)
  end)
  it("is one list for all who have it open", function()
    with_file(function(path)
      local mine, theirs = journal.open(path), journal.open(path)
      local a = mine:add { title = "a" }
      local b = theirs:add { title = "b" }
      assert.is_true(a.pk ~= b.pk)
      assert.equal("b a", titles(mine))
      mine:remove(b.pk)
      assert.equal("a", titles(theirs))
      assert.equal("a", titles(journal.open(path)))
    end)
  end)
  it("keeps long rows and any text whole", function()
    with_file(function(path)
      local text = ('line\nand "quotes" \0 é '):rep(2000)
      local pk = journal.open(path):add({ title = text }).pk
      assert.equal(text, journal.open(path):get(pk).title)
    end)
  end)
  it("survives lines that make no sense, and half a line", function()
    with_file(function(path)
      append(path, 'nonsense\n{"row": 3}\n[]\n{"key":"k","row":{"title":"a"}}\n{"key":"k2","row":{"ti')
      local list = journal.open(path)
      assert.equal("a", titles(list))
      assert.equal(4, list:all()[1].pk)
      list:add { title = "b" }
      assert.equal("b a", titles(list))
      assert.equal("b a", titles(journal.open(path)))
    end)
  end)
  it("begins again when the file has been replaced", function()
    with_file(function(path)
      local list = journal.open(path)
      list:add { title = "a" }
      list:add { title = "b" }
      assert(io.open(path, "w")):close()
      assert.equal("", titles(list))
      list:add { title = "c" }
      assert.equal("c", titles(list))
    end)
  end)
  it("says which file it cannot write", function()
    assert.has_error(function() journal.open("/nonexistent/x.jsonl"):add { title = "a" } end, "/nonexistent/x.jsonl")
  end)
end)
