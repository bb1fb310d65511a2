-- SPDX-License-Identifier: MIT
local skeleton = require "perilune._skeleton_cmodule"
local t = require "harness"
local describe, it, assert = t.describe, t.it, t.assert

local function folder()
  local dir = os.tmpname()
  os.remove(dir)
  assert(os.execute("mkdir " .. dir))
  return dir
end

local function make_dir(path)
  assert(os.execute("mkdir " .. path))
end

local function run(command)
  return (os.execute(command .. " >/dev/null 2>&1"))
end

describe("startcmodule", function()
  it("names everything after the module", function()
    local list = skeleton.files "geo"
    local paths = {}
    for i, file in ipairs(list) do
      paths[i] = file.path
      assert.is_nil(file.text:find("@NAME@", 1, true), file.path)
    end
    assert.same({ "geo/CMakeLists.txt", "geo/geo.c", "geo/README.md", "geo/.gitignore" }, paths)
  end)

  it("refuses names that C would not take", function()
    for _, name in ipairs { "", "1geo", "geo-x", "a b", "../x", "é" } do
      assert.raises(function() skeleton.files(name) end, "is no name for a C module")
    end
    assert.raises(function() skeleton.files(nil) end, "is no name for a C module")
  end)

  it("writes files and overwrites none", function()
    local dir = folder()
    local paths = skeleton.write("geo", dir, make_dir)
    assert.equal(dir .. "/geo/geo.c", paths[2])
    local f = assert(io.open(paths[2]))
    assert.equal(skeleton.files("geo")[2].text, f:read "a")
    f:close()
    assert.raises(function() skeleton.write("geo", dir, make_dir) end, "exists already")
    os.execute("rm -r " .. dir)
  end)

  it("writes C that compiles without a warning", function()
    local header = arg[0]:match "^(.*)/tests/lua/" or "../.."
    if not run "cc --version" then
      print "no cc: the skeleton is not compiled"
      return
    end
    local dir = folder()
    skeleton.write("geo", dir, make_dir)
    assert.is_true(run(("cc -std=c11 -Wall -Wextra -Werror -fPIC -shared -fvisibility=hidden -I %s/engine/include %s/geo/geo.c -o %s/geo.so"):format(header, dir, dir)))
    os.execute("rm -r " .. dir)
  end)
end)

t.finish()
