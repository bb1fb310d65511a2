-- SPDX-License-Identifier: MIT
-- Arguments, output, the shell's session and checks; tests/http/test_commands.py runs the
-- commands themselves.
local arguments = require "perilune._arguments"
local checks = require "perilune.checks"
local commands = require "perilune.commands"
local console = require "perilune._console"
local exceptions = require "perilune.exceptions"
local pretty = require "perilune._pretty"
local repl = require "perilune._repl"
local t = require "harness"
local describe, it, assert = t.describe, t.it, t.assert

local function plain(options)
  local copy = {}
  for k, v in pairs(options) do
    copy[k] = v
  end
  return copy
end

-- declarations, then argv
local function parse(declarations, ...)
  return plain(arguments.new(declarations, "here"):parse { ... })
end

local function usage_error(declarations, argv, text)
  local err = assert.raises(function() arguments.new(declarations, "here"):parse(argv) end, text)
  assert.is_true(exceptions.is(err, "UsageError"))
end

local function bad_declaration(declarations, text)
  local err = assert.raises(function() arguments.new(declarations, "here") end, text)
  assert.is_true(exceptions.is(err, "ImproperlyConfigured"))
end

describe("options", function()
  local declared = {
    { "csv_file", help = "the file" },
    { "-n", "--posts", type = "int", default = 50 },
    { "-c", "--clear", flag = true },
    { "-x", flag = true },
    { "--format", choices = { "json", "csv" } },
    { "--dry-run", flag = true },
    { "--rate", type = "float" },
    { "--tag", multiple = true },
  }

  it("have defaults", function()
    assert.same({ csv_file = "a.csv", posts = 50, clear = false, x = false, dry_run = false }, parse(declared, "a.csv"))
  end)

  it("are written in several ways", function()
    for _, argv in ipairs { { "--posts", "3" }, { "--posts=3" }, { "-n", "3" }, { "-n3" }, { "-n=3" }, { "--posts", "9", "-n", "3" } } do
      argv[#argv + 1] = "a.csv"
      assert.equal(3, parse(declared, table.unpack(argv)).posts)
    end
    local all = parse(declared, "-xc", "a.csv", "--format=json", "--dry-run", "--rate", "2", "--tag", "a", "--tag=b")
    assert.same({ csv_file = "a.csv", posts = 50, clear = true, x = true, dry_run = true, format = "json", rate = 2.0, tag = { "a", "b" } }, all)
    assert.equal("float", math.type(all.rate))
    assert.equal(4, parse(declared, "-xn4", "a.csv").posts)
  end)

  it("may be negative numbers", function()
    assert.equal(-3, parse(declared, "--posts", "-3", "a").posts)
    assert.equal(-0.5, parse(declared, "--rate", "-.5", "a").rate)
    assert.equal("-7", parse(declared, "-7").csv_file)
    assert.equal("-", parse(declared, "-").csv_file)
  end)

  it("end at --", function()
    assert.equal("--clear", parse(declared, "--", "--clear").csv_file)
    assert.equal("-c", parse(declared, "-c", "--", "-c").csv_file)
  end)

  it("say what is wrong", function()
    usage_error(declared, {}, "missing: csv_file")
    usage_error(declared, { "a", "b" }, "unexpected argument 'b'")
    usage_error(declared, { "a", "--posts", "x" }, "argument -n/--posts: 'x' is not a whole number")
    usage_error(declared, { "a", "--posts", "1.5" }, "not a whole number")
    usage_error(declared, { "a", "--posts", "99999999999999999999" }, "not a whole number")
    usage_error(declared, { "a", "--rate", "fast" }, "not a number")
    usage_error(declared, { "a", "--format", "xml" }, "argument --format: 'xml' is none of json, csv")
    usage_error(declared, { "a", "--posts" }, "option --posts wants a value")
    usage_error(declared, { "--posts", "--clear" }, "'--clear' looks like an option: write --posts=--clear")
    usage_error(declared, { "a", "--clear=1" }, "option --clear takes no value")
    usage_error(declared, { "a", "--pots", "1" }, "unknown option '--pots'; did you mean '--posts'?")
    usage_error(declared, { "a", "--pos", "1" }, "did you mean --posts? Options are written out")
    usage_error(declared, { "a", "--verbosty" }, "did you mean '--verbosity'?")
    usage_error(declared, { "a", "-z" }, "unknown option '-z'")
    usage_error({}, { "a" }, "unexpected argument 'a' (it takes none)")
  end)

  it("may be required", function()
    local list = { { "--url", required = true }, { "--key", required = true } }
    usage_error(list, {}, "missing: --url, --key")
    assert.same({ url = "u", key = "k" }, parse(list, "--url=u", "--key", "k"))
  end)

  it("may have a name of their own", function()
    assert.same({ count = 1 }, parse({ { "-n", "--number", dest = "count", type = "int" } }, "-n", "1"))
    assert.same({ n = "1" }, parse({ { "-n" } }, "-n", "1"))
  end)

  it("may take several values", function()
    local list = { { "--id", type = "int", nargs = "+" }, { "--size", nargs = 2 }, { "--mode", nargs = "?", const = "on", default = "off" } }
    assert.same({ id = { 1, 2, -3 }, size = { "4", "5" }, mode = "on" }, parse(list, "--id", "1", "2", "-3", "--size", "4", "5", "--mode"))
    assert.same({ mode = "off" }, parse(list))
    assert.same({ mode = "x" }, parse(list, "--mode", "x"))
    usage_error(list, { "--size", "4" }, "option --size wants 2 values")
    usage_error(list, { "--id" }, "option --id wants a value")
  end)

  it("may convert in their own way", function()
    local known = { yes = true, no = false }
    local list = { { "--on", type = function(text) return known[text] end } }
    assert.same({ on = true }, parse(list, "--on", "yes"))
    assert.same({ on = false }, parse(list, "--on", "no"))
    usage_error(list, { "--on", "maybe" }, "argument --on: 'maybe' is not valid")
  end)

  it("tell a reader who mistypes", function()
    local options = arguments.new(declared, "here"):parse { "a" }
    assert.is_nil(options.format)
    assert.is_nil(options.verbosity)
    assert.raises(function() return options.post end, "the command has no option 'post'; did you mean 'posts'?")
  end)
end)

describe("arguments by position", function()
  it("share what there is", function()
    local list = { { "first" }, { "rest", nargs = "*" }, { "last" } }
    assert.same({ first = "a", rest = {}, last = "b" }, parse(list, "a", "b"))
    assert.same({ first = "a", rest = { "b", "c" }, last = "d" }, parse(list, "a", "b", "c", "d"))
    usage_error(list, { "a" }, "missing: last")
  end)

  it("may be left out", function()
    assert.same({}, parse { { "a", nargs = "?" } })
    assert.same({ a = "x" }, parse { { "a", default = "x" } })
    assert.same({ a = "y" }, parse({ { "a", default = "x" } }, "y"))
    assert.same({ a = { "d" } }, parse { { "a", nargs = "*", default = { "d" } } })
  end)

  it("may be several", function()
    assert.same({ a = { 1, 2 } }, parse({ { "a", nargs = 2, type = "int" } }, "1", "2"))
    usage_error({ { "a", nargs = 2 } }, { "1" }, "missing: a (2 values)")
    usage_error({ { "a", nargs = "+" } }, {}, "missing: a")
    assert.same({ a = { "x" } }, parse({ { "a", nargs = "+" } }, "x"))
  end)

  it("may take the rest as it is", function()
    local list = { { "file" }, { "args", nargs = "..." }, { "-v2", "--loud", flag = true } }
    list[3] = { "--loud", flag = true }
    assert.same({ file = "f", args = { "--loud", "-x", "--" }, loud = false }, parse(list, "f", "--loud", "-x", "--"))
    assert.same({ file = "f", args = {}, loud = true }, parse(list, "--loud", "f"))
  end)

  it("do not share their default", function()
    local parser = arguments.new({ { "a", nargs = "*", default = {} } }, "here")
    table.insert(parser:parse({}).a, 1)
    assert.same({ a = {} }, plain(parser:parse {}))
  end)
end)

describe("a declaration", function()
  it("must make sense", function()
    bad_declaration({ "csv" }, "here: arguments is a list of tables: { { \"csv\", … } }")
    bad_declaration({ 1 }, "it must be a table")
    bad_declaration({ {} }, "it has no name")
    bad_declaration({ { "---x" } }, "'---x' is no name")
    bad_declaration({ { "-xy" } }, "'-xy' is no name")
    bad_declaration({ { "a b" } }, "'a b' is no name")
    bad_declaration({ { "a", "--b" } }, "by position or by option, not both")
    bad_declaration({ { "--verbosity" } }, "'--verbosity' is an option of every command")
    bad_declaration({ { "verbosity" } }, "give it another dest")
    bad_declaration({ { "--x", defualt = 1 } }, "unknown field 'defualt'; did you mean 'default'?")
    bad_declaration({ { "--x", type = "bool" } }, "is written flag = true")
    bad_declaration({ { "--x", type = "itn" } }, "unknown type 'itn'; did you mean 'int'?")
    bad_declaration({ { "--x", type = "int", default = "5" } }, "its default 5 is no whole number")
    bad_declaration({ { "--x", flag = true, type = "int" } }, "a flag is true or false")
    bad_declaration({ { "--x", flag = true, default = 1 } }, "the default of a flag")
    bad_declaration({ { "--x", flag = true, nargs = 2 } }, "it has no nargs")
    bad_declaration({ { "x", flag = true } }, "write --x")
    bad_declaration({ { "x", required = false } }, "nargs = \"?\"")
    bad_declaration({ { "--x", nargs = 0 } }, "nargs must be")
    bad_declaration({ { "--x", const = 1 } }, "const is the value of an option without one")
    bad_declaration({ { "--x" }, { "-x" } }, "options.x is another argument's")
    bad_declaration({ { "--help" } }, "'--help' is there twice")
    bad_declaration({ { "a", nargs = "..." }, { "b" } }, "nothing can follow 'a'")
    bad_declaration("x", "arguments must be a list")
  end)
end)

describe("help", function()
  it("shows how a command is used", function()
    local parser = arguments.new({
      { "file", help = "what to read" },
      { "more", nargs = "*" },
      { "--posts", type = "int", default = 5, help = "how many" },
      { "--url", required = true, metavar = "URL" },
      { "-c", "--clear", flag = true },
      { "--format", choices = { "a", "b" } },
    }, "here")
    assert.equal("perilune seed [--posts POSTS] --url URL [-c] [--format {a,b}] file [more ...]", parser:usage "seed")
    local text = parser:help(80)
    assert.is_true(text:find("--posts POSTS +how many %(default: 5%)") ~= nil)
    assert.is_true(text:find("file  what to read", 1, true) ~= nil)
    assert.is_true(text:find("-h, --help", 1, true) ~= nil)
  end)

  it("wraps", function()
    assert.equal("  a  one two\n     three", arguments.columns({ { "a", "one two three" } }, 13))
    assert.equal("  aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n" .. (" "):rep(28) .. "text", arguments.columns({ { ("a"):rep(30), "text" } }, 60))
  end)
end)

-- What fn writes to standard output and error.
local function captured(fn, ...)
  local out, err = {}, {}
  local before = { console.stdout, console.stderr }
  console.stdout = { write = function(_, text) out[#out + 1] = text end }
  console.stderr = { write = function(_, text) err[#err + 1] = text end }
  local result = table.pack(pcall(fn, ...))
  console.stdout, console.stderr = before[1], before[2]
  if not result[1] then
    error(result[2], 0)
  end
  return table.concat(out), table.concat(err), result[2]
end

describe("output", function()
  it("ends lines", function()
    local stream = console.stream "stdout"
    local out = captured(function()
      stream:write "a"
      stream:write "b\n"
      stream:write(3)
      stream:write("c", "")
      stream:write("d", "\n\n")
    end)
    assert.equal("a\nb\n3\ncd\n\n", out)
    assert.raises(function() stream.write "x" end, "call it with a colon")
  end)

  it("has colours only where they are wanted", function()
    assert.equal("done", console.style(false).success "done")
    assert.equal("\27[1;32mdone\27[0m", console.style(true).success "done")
    assert.equal("done", console.style(false):success "done")
    assert.raises(function() console.style(false).sucess "x" end, "there is no style 'sucess'; did you mean 'success'?")
    captured(function() assert.is_false(console.has_color "stdout") end)
  end)

  it("shows progress in lines", function()
    local out = captured(function()
      local bar = console.progress(console.stream "stdout", 4, "rows", false)
      for _ = 1, 6 do
        bar:step()
      end
      bar:finish()
      assert.raises(function() bar.step() end, "call it with a colon")
    end)
    assert.equal("rows: 25% (1/4)\nrows: 50% (2/4)\nrows: 75% (3/4)\nrows: 100% (4/4)\n", out)
    out = captured(function()
      console.progress(console.stream "stdout", 0, nil, false):step()
      console.progress(console.stream "stdout", 5, nil, true):step(5)
    end)
    assert.equal("100% (1/0)\n", out)
  end)
end)

describe("commands.call", function()
  it("runs a command", function()
    local out = captured(commands.call, "version")
    assert.equal(require("perilune._core").version .. "\n", out)
  end)

  it("takes texts and named options", function()
    local lines = {}
    local target = { write = function(_, text) lines[#lines + 1] = text end }
    commands.call("help", "run", { stdout = target })
    assert.is_true(table.concat(lines):find("usage: perilune run FILE.lua [args ...]", 1, true) ~= nil)
    lines = {}
    commands.call("help", { command = "check", stdout = target })
    assert.is_true(table.concat(lines):find("usage: perilune check", 1, true) ~= nil)
  end)

  it("raises what is wrong", function()
    assert.raises(function() commands.call "halp" end, "CommandError: unknown command 'halp'; did you mean 'help'?")
    assert.raises(function() commands.call("help", "a", "b") end, "UsageError: unexpected argument 'b'")
    assert.raises(function() commands.call("help", { comand = "run" }) end, "command 'help' has no option 'comand'; did you mean 'command'?")
    assert.raises(function() commands.call("help", print) end, "argument 1 is a function")
    assert.raises(function() commands.call() end, "the name of a command, not a nil")
    assert.raises(function() commands.call "serve" end, "cannot be called from code")
    assert.raises(function() commands.call "check" end, "check needs a project")
    assert.raises(function() return commands.cal end, "did you mean 'call'?")
  end)
end)

describe("a random secret key", function()
  it("has 50 characters that need no escaping", function()
    local key = commands.get_random_secret_key()
    assert.equal(50, #key)
    assert.is_nil(key:find "['\"\\$%s]")
    assert.is_false(key == commands.get_random_secret_key())
  end)
end)

describe("values", function()
  it("are shown as Lua", function()
    assert.equal("nil", pretty.show(nil))
    assert.equal('"a\\n\\"b\\" \\x01 é \\\\"', pretty.show 'a\n"b" \1 é \\')
    assert.equal('"\\xff"', pretty.show "\xff")
    assert.equal('{ 1, 2, a = true, ["b c"] = {}, ["end"] = 1 }', pretty.show { 1, 2, a = true, ["b c"] = {}, ["end"] = 1 })
    assert.equal("{ [-1] = 1, [2] = 3 }", pretty.show { [-1] = 1, [2] = 3 })
    assert.equal("ValueError: x", pretty.show(exceptions.ValueError "x"))
    assert.equal("function: built in", pretty.show(print))
  end)

  it("may be long, deep or round", function()
    local round = {}
    round.self = round
    assert.equal("{ self = <the table around it> }", pretty.show(round))
    local text = pretty.show { ("x"):rep(50), { ("y"):rep(50) } }
    assert.equal("{\n  \"" .. ("x"):rep(50) .. "\",\n  { \"" .. ("y"):rep(50) .. "\" },\n}", text)
    local deep = {}
    for _ = 1, 100 do
      deep = { deep }
    end
    assert.is_true(pretty.show(deep):find("{ … }", 1, true) ~= nil)
    local long = {}
    for i = 1, 1000 do
      long[i] = i
    end
    assert.is_true(pretty.show(long):find("… 800 more", 1, true) ~= nil)
  end)

  it("run nothing of a table without __tostring", function()
    local t2 = setmetatable({ a = 1 }, { __index = function() error "no" end, __pairs = function() error "no" end, __len = function() error "no" end })
    assert.equal("{ a = 1 }", pretty.show(t2))
    assert.equal("<table that cannot be shown>", pretty.show(setmetatable({}, { __tostring = function() error "no" end })))
  end)
end)

describe("a session of the shell", function()
  local function session()
    local lines = {}
    local s = repl.new(function(text) lines[#lines + 1] = text end)
    local function enter(text)
      local chunk, message = s:compile(text)
      if not chunk then
        return message or "more"
      end
      local ok, err = s:run(chunk, pcall)
      local out = table.concat(lines, "\n")
      lines = {}
      return ok and out or tostring(err)
    end
    return enter, s
  end

  it("prints expressions and runs statements", function()
    local enter = session()
    assert.equal("2", enter "1 + 1")
    assert.equal("2", enter "= 1 + 1")
    assert.equal("", enter "x = 5")
    assert.equal("5\n\"a\"", enter "x, 'a'")
    assert.equal("nil", enter "y")
    assert.equal("5", enter "return x")
    assert.equal("5", enter "_")
  end)

  it("keeps what is local", function()
    local enter = session()
    assert.equal("", enter "local a, b = 1, 2")
    assert.equal("3", enter "a + b")
    assert.equal("", enter "local function f(n) return n * 2 end")
    assert.equal("8", enter "f(4)")
    assert.is_nil(rawget(_G, "a"))
  end)

  it("asks for more", function()
    local enter = session()
    assert.equal("more", enter "for i = 1, 2 do")
    assert.equal("more", enter "f(")
    assert.equal("more", enter "1 +")
    assert.equal("more", enter "x = [[")
    assert.is_true(enter("1 +* 2"):find("near '*'", 1, true) ~= nil)
    assert.is_true(enter("for for"):find("near 'for'", 1, true) ~= nil)
  end)

  it("completes names", function()
    local enter, s = session()
    enter "shop = { price = 1, product = 2, _hidden = 3 }"
    assert.same({ "shop" }, s:complete "print(sho")
    assert.same({ "shop.price", "shop.product" }, s:complete "x = shop.pr")
    assert.same({ "string.format" }, s:complete "string.fo")
    assert.same({}, s:complete "shop.price.x")
    assert.same({}, s:complete "")
    assert.same({ "require" }, s:complete "requ")
  end)
end)

describe("checks", function()
  it("have messages", function()
    local message = checks.Warning("text", { hint = "cure", obj = "urls.lua:3", id = "x.W001" })
    assert.equal("urls.lua:3: (x.W001) text\n\tHINT: cure", tostring(message))
    assert.equal("?: text", tostring(checks.Error "text"))
    assert.is_false(message:is_serious())
    assert.is_true(message:is_serious(checks.INFO))
    assert.is_true(checks.Critical("x"):is_serious())
    assert.raises(function() checks.Error("x", { hnt = 1 }) end, "unknown option 'hnt'; did you mean 'hint'?")
    assert.raises(function() checks.Error(nil) end, "the text is a nil")
  end)

  it("are registered", function()
    assert.raises(function() checks.register "x" end, "a function, not a string")
    assert.raises(function() checks.register(print, { tag = "x" }) end, "unknown option 'tag'; did you mean 'tags'?")
  end)
end)

t.finish()
