-- SPDX-License-Identifier: MIT
-- Names with hashes, URLs in CSS and JavaScript, staticfiles.json. What a project does
-- with them is tested in tests/http/collectstatic.py.
local crypto = require "perilune._crypto"
local fs = require "perilune._fs"
local manifest = require "perilune._static_manifest"
local t = require "harness"
local urls = require "perilune._static_urls"

local describe, it, assert = t.describe, t.it, t.assert

local function md5(text)
  return crypto.hex(crypto.digest("md5", text)):sub(1, 12)
end

-- Every URL in angle brackets, but for those that begin with "no".
local function mark(name, text)
  return urls.rewrite(name, text, function(url)
    return url:sub(1, 2) ~= "no" and "<" .. url .. ">" or nil
  end)
end

describe("names", function()
  it("get the hash before the last extension", function()
    local hash = md5("x")
    assert.equal("css/a." .. hash .. ".css", manifest.hashed_name("css/a.css", "x"))
    assert.equal("lib.tar." .. hash .. ".gz", manifest.hashed_name("lib.tar.gz", "x"))
    assert.equal("noext." .. hash, manifest.hashed_name("noext", "x"))
    assert.equal("a.b/noext." .. hash, manifest.hashed_name("a.b/noext", "x"))
    assert.equal("js/a.js." .. hash .. ".map", manifest.hashed_name("js/a.js.map", "x"))
    assert.equal("empty.d41d8cd98f00.txt", manifest.hashed_name("empty.txt", ""))
  end)
end)

describe("URLs of CSS", function()
  local cases = {
    { "a{b:url(x.png)}", 'a{b:url("<x.png>")}' },
    { "a{b:url('x.png')}", 'a{b:url("<x.png>")}' },
    { 'a{b:URL( "x.png" )}', 'a{b:url("<x.png>")}' },
    { "a{b:url( x.png )}", 'a{b:url("<x.png>")}' },
    { 'a{b:url("x(1).png")}', 'a{b:url("<x(1).png>")}' },
    { "url(a)url(b)", 'url("<a>")url("<b>")' },
    { "url(no)url(b)", 'url(no)url("<b>")' },
    { '@import "b.css";', '@import url("<b.css>");' },
    { "@IMPORT 'b.css' screen;", '@import url("<b.css>") screen;' },
    { "@import url(b.css);", '@import url("<b.css>");' },
    { "@media print { }", "@media print { }" },
    { "/* url(x.png) @import 'y' */ url(z)", '/* url(x.png) @import \'y\' */ url("<z>")' },
    { "/* never ends url(x)", '/* never ends url("<x>")' },
    { "url(x", "url(x" },
    { "url(x\n)", 'url("<x>")' },
    { "url('x\n')", "url('x\n')" },
    { "", "" },
    { "u", "u" },
    { "/", "/" },
    { "a{}\n/*# sourceMappingURL=a.css.map */", "a{}\n/*# sourceMappingURL=<a.css.map> */" },
    { "a{}\n/*# sourceMappingURL=a.css.map*/\n", "a{}\n/*# sourceMappingURL=<a.css.map> */\n" },
    { "a{} /*# sourceMappingURL=a.css.map */", "a{} /*# sourceMappingURL=a.css.map */" },
    { "/*# sourceMappingURL=a.css.map */ a{}", "/*# sourceMappingURL=a.css.map */ a{}" },
    { "/*# sourceMappingURL=no */", "/*# sourceMappingURL=no */" },
    { "url(100%)", 'url("<100%>")' },
  }
  for _, case in ipairs(cases) do
    it(case[1], function()
      assert.equal(case[2], mark("a.css", case[1]))
    end)
  end
  it("are found in time that grows with the file", function()
    for _, piece in ipairs { "url(", "/*", "@import '", "u", "url(x ", "url('" } do
      local start = os.clock()
      mark("a.css", piece:rep(20000, "\n"))
      assert.is_true(os.clock() - start < 2)
    end
  end)
end)

describe("URLs of JavaScript", function()
  it("are those of source maps", function()
    assert.equal("f()\n//# sourceMappingURL=<a.js.map>", mark("a.js", "f()\n//# sourceMappingURL=a.js.map"))
    assert.equal("//# sourceMappingURL=<a.js.map>\nf()", mark("a.js", "//# sourceMappingURL=a.js.map\nf()"))
    assert.equal('x = "//# sourceMappingURL=a"', mark("a.js", 'x = "//# sourceMappingURL=a"'))
    assert.equal("url(x.png) // url(y)", mark("a.js", "url(x.png) // url(y)"))
  end)
  it("are in no other files", function()
    assert.is_true(urls.adjustable("css/a.css"))
    assert.is_true(urls.adjustable("a.js"))
    assert.is_false(urls.adjustable("a.css.map"))
    assert.is_false(urls.adjustable("css"))
    assert.is_false(urls.adjustable("a.html"))
  end)
end)

describe("a manifest", function()
  local root = os.tmpname()
  os.remove(root)

  local function names(contents, base_url)
    local files = {}
    for name, content in pairs(contents) do
      files[name] = root .. "/" .. name
      fs.write(files[name], content)
    end
    local ok, result, changed = pcall(manifest.names, files, base_url or "/static/")
    fs.clear(root)
    os.remove(root)
    if not ok then
      error(result, 0)
    end
    return result, changed
  end

  it("hashes what is rewritten after it is rewritten", function()
    local image = "img." .. md5("png") .. ".png"
    local b = 'b{c:url("../' .. image .. '#h?q")}'
    local a = '@import url("css/b.' .. md5(b) .. '.css");'
    local result, changed = names { ["a.css"] = '@import "css/b.css";', ["css/b.css"] = "b{c:url(../img.png#h?q)}", ["img.png"] = "png" }
    assert.same({ ["a.css"] = "a." .. md5(a) .. ".css", ["css/b.css"] = "css/b." .. md5(b) .. ".css", ["img.png"] = image }, result)
    assert.same({ ["a.css"] = a, ["css/b.css"] = b }, changed)
  end)

  it("leaves what is elsewhere alone", function()
    local css = "a{b:url(https://x/y.png);c:url(//x/y.png);d:url(data:image/png;base64,AA);e:url(#f);g:url(/other/y.png);h:url()}"
    local _, changed = names { ["a.css"] = css }
    assert.same({}, changed)
  end)

  it("keeps queries and fragments, reads escapes, knows its own URL", function()
    local hash = md5("f")
    local _, changed = names({
      ["c/a.css"] = "url(f.eot?#iefix) url(f.eot?v=1) url(/s/c/f.eot) url(x%20y.png) url(./../c/f.eot) url(../c/)",
      ["c/f.eot"] = "f", ["c/x y.png"] = "f",
    }, "/s/")
    assert.equal(('url("f.H.eot?#iefix") url("f.H.eot?v=1") url("/s/c/f.H.eot") url("x y.H.png") url("./../c/f.H.eot") url("../c/")'):gsub("H", hash), changed["c/a.css"])
  end)

  it("names the file and the URL that leads nowhere", function()
    assert.raises(function()
      names { ["css/a.css"] = "a{b:url(../none.png)}" }
    end, "css/a.css names '../none.png', and there is no static file 'none.png'")
    assert.raises(function()
      names { ["a.css"] = "a{b:url(../../etc/passwd)}" }
    end, "a.css names '../../etc/passwd'")
    assert.raises(function()
      names { ["a.js"] = "//# sourceMappingURL=a.js.map" }
    end, "a.js names 'a.js.map'")
  end)

  it("does not go round in circles", function()
    assert.raises(function()
      names { ["a.css"] = '@import "b.css";', ["b.css"] = '@import "a.css";' }
    end, "names itself")
  end)

  it("is written as Python's json does", function()
    assert.equal('{"paths": {}, "version": "1.1", "hash": "' .. md5("[]") .. '"}', manifest.encode {})
    assert.equal('{"paths": {"a\\"\\\\\\u00e9\\ud83d\\ude00": "x", "b": "y"}, "version": "1.1", "hash": "' .. md5('[["a\\"\\\\\\u00e9\\ud83d\\ude00", "x"], ["b", "y"]]') .. '"}', manifest.encode { b = "y", ["a\"\\é😀"] = "x" })
    assert.raises(function()
      manifest.encode { ["\xff"] = "x" }
    end, "not UTF-8")
  end)
end)

t.finish()
