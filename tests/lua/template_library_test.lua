-- SPDX-License-Identifier: MIT
-- Tags and filters written in Lua.
local t = require "harness"
local describe, it, assert = t.describe, t.it, t.assert
local exceptions = require "perilune.exceptions"
local template = require "perilune.template"

local register = template.Library()
local engine = template.Engine { libraries = { x = register }, templates = {
  ["badge.html"] = "<{{ text }}{{ outer }}{{ csrf_token }}>",
  ["other.html"] = "other {{ text }}",
} }

local function render(text, variables)
  return engine:from_string("{% load x %}" .. text):render(variables)
end

local function fails(text, message)
  local ok, err = pcall(engine.from_string, engine, "{% load x %}" .. text)
  assert.is_false(ok)
  assert.equal("TemplateSyntaxError", err.name)
  assert.equal(message, err.message)
end

local function show(...)
  local parts = table.pack(...)
  for i = 1, parts.n do
    parts[i] = parts[i] == nil and "nil" or tostring(parts[i])
  end
  return table.concat(parts, ",")
end

describe("a filter in Lua", function()
  register:filter("stars", function(value, n)
    return value .. ("*"):rep(n or 1)
  end)
  register:filter("bare", function(value)
    return type(value)
  end)
  register:filter("escaping", function(value, _, autoescape)
    return show(value, autoescape)
  end, { needs_autoescape = true })
  register:filter("kept", function(value)
    return value .. "<"
  end, { is_safe = true, stringfilter = true })
  register:filter("nothing", function() end)
  it("gets value and argument, and gives any value", function()
    assert.equal("a* a***", render("{{ v|stars }} {{ v|stars:3 }}", { v = "a" }))
    assert.equal("table number", render("{{ l|bare }} {{ 1|bare }}", { l = { 1 } }))
    assert.equal("None", render("{{ 1|nothing }}"))
    assert.equal("a,true a,false", render("{{ v|escaping:1 }} {% autoescape off %}{{ v|escaping:1 }}{% endautoescape %}", { v = "a" }))
    assert.equal("1&lt;", render("{{ 1|kept }}"))
  end)
  it("takes as many arguments as its function", function()
    fails("{{ v|bare:1 }}", "bare requires 1 arguments, 2 provided")
  end)
end)

describe("a simple tag in Lua", function()
  register:simple_tag("show", show)
  register:simple_tag("two", function(a, b)
    return show(a, b)
  end)
  register:simple_tag("strict_two", function(a, b, c)
    return show(a, b, c)
  end, { params = { "a", "b?", "*", "c" }, defaults = { c = "C" } })
  register:simple_tag("keywords", function(a, kwargs)
    return show(a, kwargs.x, kwargs.y)
  end)
  register:simple_tag("greet", function(context, word)
    context.greeted = true
    return word .. " " .. context.name
  end, { takes_context = true })
  it("has arguments by position and by name", function()
    assert.equal("1,a,nil", render("{% show 1 'a' None %}"))
    assert.equal("1,2 1,nil 2,1", render("{% two 1 2 %} {% two 1 %} {% two b=1 a=2 %}"))
    assert.equal("1,nil,C 1,2,3", render("{% strict_two 1 %} {% strict_two 1 2 c=3 %}"))
    assert.equal("1,2,3", render("{% keywords 1 x=2 y=3 %}"))
  end)
  it("goes into a variable, or is escaped", function()
    assert.equal("[3]", render("{% two 3 as v %}[{{ v|slice:':1' }}]"))
    assert.equal("&lt;,b", render("{% two a 'b' %}", { a = "<" }))
  end)
  it("has the context", function()
    assert.equal("Hi Ann True", render("{% greet 'Hi' %} {{ greeted }}", { name = "Ann" }))
  end)
  it("says what is wrong with its arguments as Django does", function()
    fails("{% two 1 2 3 %}", "'two' received too many positional arguments")
    fails("{% two 1 c=3 %}", "'two' received unexpected keyword argument 'c'")
    fails("{% two a=1 a=2 %}", "'two' received multiple values for keyword argument 'a'")
    fails("{% two a=1 2 %}", "'two' received some positional argument(s) after some keyword argument(s)")
    fails("{% strict_two %}", "'strict_two' did not receive value(s) for the argument(s): 'a'")
  end)
  it("raises what its function raises, with the place", function()
    register:simple_tag("broken", function()
      error(exceptions.ValueError "no good")
    end)
    local e = template.Engine { libraries = { x = register }, templates = { ["a.html"] = "{% load x %}\n{% broken %}", ["b.html"] = "{% include 'a.html' %}" } }
    local ok, err = pcall(e.render, e, "b.html")
    assert.is_false(ok)
    assert.equal("ValueError: no good", tostring(err))
    assert.equal("a.html", err.template_name)
    assert.equal(2, err.line)
    assert.equal("b.html", err.trail[1].name)
  end)
end)

describe("other tags in Lua", function()
  register:inclusion_tag("badge", "badge.html", function(text)
    return { text = text }
  end)
  register:inclusion_tag("first", { "none.html", "other.html" }, function(text)
    return { text = text }
  end)
  register:simple_block_tag("box", function(content, class)
    return template.format_html('<div class="{}">{}</div>', class or "none", content)
  end)
  register:tag("twice", function(parser, token)
    local nodes = parser:parse { "middle", "endtwice" }
    local stop = parser:next_token()
    local rest
    if stop.contents == "middle" then
      rest = parser:parse { "endtwice" }
      parser:delete_first_token()
    end
    local times = parser:compile_filter(token:split_contents()[2] or "2")
    return {
      render = function(_, context)
        context:push { inner = "i" }
        local out = {}
        for i = 1, times:resolve(context) do
          context.n = i
          out[i] = tostring(nodes:render(context))
        end
        return table.concat(out) .. (rest and tostring(rest:render(context)) or "")
      end,
    }
  end)
  it("render other templates with their own variables", function()
    assert.equal("<a>", render("{% badge 'a' %}", { outer = "never" }))
    assert.equal("<atoken>", render("{% badge 'a' %}", { outer = "never", csrf_token = "token" }))
    assert.equal("other b kept", render("{% first 'b' %} {{ text }}", { text = "kept" }))
  end)
  it("wrap what stands in them", function()
    assert.equal('<div class="x"><b>&lt;</b></div>', render("{% box 'x' %}<b>{{ v }}</b>{% endbox %}", { v = "<" }))
    fails("{% box %}", "Unclosed tag on line 1: 'box'. Looking for one of: endbox.")
  end)
  it("read for themselves; scopes that they leave are popped", function()
    assert.equal("1i2i 1i2i3ir []", render("{% twice %}{{ n }}{{ inner }}{% endtwice %} {% twice 1|add:2 %}{{ n }}{{ inner }}{% middle %}r{% endtwice %} [{{ inner }}{{ n }}]"))
    fails("{% twice %}", "Unclosed tag on line 1: 'twice'. Looking for one of: middle, endtwice.")
  end)
  it("lose parser and context when the work is done", function()
    local parser_kept, context_kept, nodes_kept
    register:tag("keeps", function(parser)
      parser_kept, nodes_kept = parser, parser:parse { "endkeeps" }
      parser:delete_first_token()
      return function(context)
        context_kept = context
        return nodes_kept:render(context)
      end
    end)
    local e = template.Engine { libraries = { x = register } }
    assert.equal("1", e:from_string("{% load x %}{% keeps %}1{% endkeeps %}"):render())
    assert.raises(function()
      parser_kept:parse()
    end, "used after it ended")
    assert.raises(function()
      return context_kept.x
    end, "used after it ended")
    collectgarbage()
    collectgarbage()
    assert.raises(function()
      return #nodes_kept
    end, "used after it ended")
  end)
  it("may catch errors of what they render", function()
    register:tag("try", function(parser)
      local nodes = parser:parse { "endtry" }
      parser:delete_first_token()
      return function(context)
        local ok, out = pcall(nodes.render, nodes, context)
        return ok and tostring(out) or "caught " .. tostring(out.message or out)
      end
    end)
    local e = template.Engine { libraries = { x = register } }
    assert.equal("caught mine after", e:from_string("{% load x %}{% try %}before{{ f }}{% endtry %} {{ v }}"):render { v = "after", f = function()
      error(exceptions.ValueError "mine")
    end })
  end)
  it("are checked when they are registered", function()
    assert.raises(function()
      register:simple_tag("x")
    end, "a function, not a nil")
    assert.raises(function()
      register:filter("x", print, { isafe = true })
    end, "unknown option 'isafe'; did you mean 'is_safe'?")
    assert.raises(function()
      register:inclusion_tag("x", function() end)
    end, "the template comes first")
  end)
end)

describe("renders inside renders", function()
  it("do not disturb each other", function()
    register:simple_tag("inner_render", function(n)
      return n > 0 and template.safe(render("{{ n }}{% inner_render n|add:-1 %}", { n = n })) or "."
    end)
    assert.equal("5432 1.", (render("{% inner_render 5 %}"):gsub("21", "2 1")))
  end)
  it("may end in a coroutine that is left alone", function()
    local co = coroutine.wrap(function()
      return render("{% for x in l %}{{ x }}{% endfor %}", { l = function()
        return { 1, 2 }
      end })
    end)
    assert.equal("12", co())
  end)
  it("survive a lack of memory", function()
    local text = ("x"):rep(1000)
    for _ = 1, 50 do
      assert.equal(1000, #render("{{ v }}", { v = text }))
    end
  end)
end)

describe("hints", function()
  local function hint(text)
    local _, err = pcall(engine.from_string, engine, text)
    assert.equal("TemplateSyntaxError", err.name)
    return err.hint
  end

  it("name the library that has a tag or a filter", function()
    register:filter("shout", string.upper)
    register:simple_tag("hello", function() return "hello" end)
    assert.equal("'shout' comes with {% load x %}", hint "{{ a|shout }}")
    assert.equal("'hello' comes with {% load x %}", hint "{% hello %}")
    assert.equal("'intcomma' comes with {% load humanize %}", hint "{{ a|intcomma }}")
  end)

  it("name the nearest", function()
    assert.equal("did you mean 'upper'?", hint "{{ a|uper }}")
    local _, err = pcall(function()
      return template.Engine({ libraries = { shop_tags = register } }):from_string "{% load shop_tag %}"
    end)
    assert.equal("did you mean 'shop_tags'?", err.hint)
    assert.equal("'==' compares", hint "{% if a = 3 %}{% endif %}")
    assert.equal(nil, hint "{{ a|qqqqqqqq }}")
  end)
end)

t.finish()
