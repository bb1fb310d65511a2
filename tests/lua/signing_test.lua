-- SPDX-License-Identifier: MIT
local t = require "harness"
local describe, it, assert = t.describe, t.it, t.assert
local signing = require "perilune.signing"
local crypto = require "perilune.utils.crypto"

local KEY = "interop-secret-key-0123456789"

local function at(seconds, fn)
  local clock = signing.clock
  signing.clock = function()
    return seconds
  end
  local ok, err = pcall(fn)
  signing.clock = clock
  if not ok then
    error(err, 0)
  end
end

local has_json = pcall(require, "perilune.json")

describe("base 62", function()
  it("encodes and decodes", function()
    for _, row in ipairs {
      { 0, "0" }, { 1, "1" }, { 61, "z" }, { 62, "10" }, { 1700000000, "1r31eq" }, { -64, "-12" },
      { math.maxinteger, "AzL8n0Y58m7" }, { math.mininteger, "-AzL8n0Y58m8" },
    } do
      assert.equal(row[2], signing.b62_encode(row[1]))
      assert.equal(row[1], signing.b62_decode(row[2]))
    end
  end)
  it("refuses what is no number", function()
    assert.raises(function() signing.b62_decode("a b") end, "no number in base 62")
    assert.raises(function() signing.b62_encode(1.5) end, "integer")
  end)
end)

describe("Signer", function()
  local signer = signing.Signer { key = "k3y" }
  it("signs as Django does", function()
    assert.equal("hello:U7frglCGiktym4cp5R8vIFoDzsDSzi3xjQjH8v5su3o", signer:sign("hello"))
    assert.equal("hello:Dee1IXbnB3R-UelCD0_O_BPbqxMZo_gqZE68D8VaNXk", signing.Signer { key = "k3y", salt = "extra" }:sign("hello"))
    assert.equal("hello:iIQKyl6CHkvJS0UGu4xkcxkcxo0", signing.Signer { key = "k3y", salt = "extra", algorithm = "sha1" }:sign("hello"))
    assert.equal("hello:wor€:s8zdE5QoqPudO503wBJdDPH7EP6Fuw9X7mkDcjnJpKo", signing.Signer { key = "k3y", salt = "extra" }:sign("hello:wor€"))
  end)
  it("gives back what it signed", function()
    for _, value in ipairs { "", "a:b", ":", "a\0b", "'’" } do
      assert.equal(value, signer:unsign(signer:sign(value)))
    end
    assert.equal("12", signer:unsign(signer:sign(12)))
  end)
  it("refuses everything else", function()
    local signed = signer:sign("hello")
    for _, bad in ipairs { "hello", "", "hello:", signed .. "a", signed:sub(1, -2), "Hello" .. signed:sub(6), signed:upper(), ":" .. signed } do
      local err = assert.raises(function() signer:unsign(bad) end)
      assert.is_true(err:is(signing.BadSignature))
    end
    assert.raises(function() signer:unsign("hello") end, 'No ":" found in value')
    assert.raises(function() signer:unsign("a:b") end, 'Signature "b" does not match')
    assert.raises(function() signing.Signer { key = "other" }:unsign(signed) end, "does not match")
    assert.raises(function() signing.Signer { key = "k3y", salt = "other" }:unsign(signed) end, "does not match")
    assert.raises(function() signer:unsign(nil) end, "TypeError")
  end)
  it("reads what older keys signed, and signs with the newest", function()
    local rotated = signing.Signer { key = "new", fallback_keys = { "older", "k3y" } }
    assert.equal("hello", rotated:unsign(signer:sign("hello")))
    assert.equal(signing.Signer { key = "new" }:sign("x"), rotated:sign("x"))
  end)
  it("takes other separators, but no unsafe ones", function()
    for _, sep in ipairs { "/", "*sep*", ",", "::" } do
      local s = signing.Signer { key = "k", sep = sep }
      assert.equal("a" .. sep .. "b", s:unsign(s:sign("a" .. sep .. "b")))
    end
    for _, sep in ipairs { "", "-", "abc", "_=" } do
      assert.raises(function() signing.Signer { key = "k", sep = sep } end, "unsafe Signer separator")
    end
  end)
  it("says what is wrong with its options", function()
    assert.raises(function() signing.Signer { key = "k", algoritm = "sha1" } end, "did you mean 'algorithm'?")
    assert.raises(function() signing.Signer { key = "k", algorithm = "sha265" } end, "did you mean 'sha256'?")
    assert.raises(function() signing.Signer() end, "secret_key")
    assert.raises(function() signing.get_cookie_signer("x") end, "ImproperlyConfigured")
  end)
end)

describe("TimestampSigner", function()
  local signer = signing.TimestampSigner { key = "k3y", salt = "extra" }
  it("puts the time into the signature", function()
    at(1700000000.25, function()
      assert.equal("hello:1r31eq:SKOO6iF3JpG4yVCJ6GqY9AIXZ0koIpMHTc7TqNDnYTI", signer:sign("hello"))
    end)
  end)
  it("holds values for max_age", function()
    local signed
    at(1000, function() signed = signer:sign("v") end)
    at(1011, function()
      assert.equal("v", signer:unsign(signed))
      assert.equal("v", signer:unsign(signed, 12))
      assert.equal("v", signer:unsign(signed, { max_age = 11 }))
      assert.equal("v", signer:unsign(signed, require("perilune.time").timedelta { seconds = 11 }))
      local err = assert.raises(function() signer:unsign(signed, 10) end, "Signature age 11 > 10 seconds")
      assert.is_true(err:is(signing.SignatureExpired) and err:is(signing.BadSignature))
    end)
  end)
  it("reads the clock of perilune.time", function()
    local now = signing.clock()
    assert.is_true(now > 1700000000)
  end)
end)

if has_json then
  describe("signed objects", function()
    local null = require "perilune.null"
    local value = { a = 1, b = { "é", null, true, 1.5 } }
    it("are Django's", function()
      at(1700000000.25, function()
        local want = "eyJhIjoxLCJiIjpbIlx1MDBlOSIsbnVsbCx0cnVlLDEuNV19:1r31eq:"
        assert.equal(want .. "BOP81jMWx1GrOLNswcryLg-_ZQNsu5_06szHs0ZdI14", signing.dumps(value, { key = KEY }))
        assert.equal(want .. "qqdQwCiUbnr17D2H_ERZIPvurfeQEievasKqLHy7YvE", signing.dumps(value, { key = "k3y", salt = "s", compress = true }))
        assert.equal(".eJyrVkpUslKqoANQqgUAPCcw_A:1r31eq:ZLQ_GLjvn3A8vVg1rpMJzXCigWhsXTlULs8HgZFXOjU",
          signing.dumps({ a = ("x"):rep(100) }, { key = "k3y", salt = "s", compress = true }))
        assert.equal("eyJhIjoxLCJiIjpbIlx1MDBlOSIsbnVsbCx0cnVlLDEuNV19:TNlLdJKaMh5t_824XIRZfvQdfaZeBtTKeeLpyNQ-wnw",
          signing.Signer { key = "k3y", salt = "s" }:sign_object(value))
        assert.equal("e30:1r31eq:qyzgUdeXKukemyopuQlUQggc5VUawYBngs9cyfbyMx4",
          signing.dumps({}, { key = KEY, salt = "django.contrib.sessions.SessionStore", compress = true }))
      end)
    end)
    it("come back", function()
      local big = { text = ("y"):rep(1000) }
      for _, compress in ipairs { false, true } do
        local signed = signing.dumps(big, { key = KEY, compress = compress })
        assert.same(big, signing.loads(signed, { key = KEY, max_age = 60 }))
      end
      assert.raises(function() signing.loads(signing.dumps(1, { key = KEY }), { key = KEY, salt = "x" }) end, "BadSignature")
    end)
  end)
end

describe("a serializer of one's own", function()
  local serializer = { dumps = tostring, loads = tonumber }
  it("replaces JSON", function()
    local signed = signing.dumps(42, { key = KEY, serializer = serializer })
    assert.equal(42, signing.loads(signed, { key = KEY, serializer = serializer }))
  end)
  it("refuses signed text that is no object", function()
    local signer = signing.Signer { key = KEY }
    for _, text in ipairs { "*", ".eJy", ".AAAA", "a" } do
      local err = assert.raises(function() signer:unsign_object(signer:sign(text), { serializer = serializer }) end)
      assert.is_true(err:is("BadSignature"))
    end
  end)
end)

describe("utils.crypto", function()
  it("hashes", function()
    assert.equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", crypto.hash("abc"):hexdigest())
    assert.equal("900150983cd24fb0d6963f7d28e17f72", crypto.hash("abc", "md5"):hexdigest())
    assert.equal(64, #crypto.hash("", "sha512"):digest())
    assert.raises(function() crypto.hash("abc", "sha257") end, "sha256")
  end)
  it("makes salted HMACs", function()
    assert.equal("54911f2f0cf1bda8ff6fbadbd3a32033d789a6bc", crypto.salted_hmac("salt", "value", { secret = "k3y" }):hexdigest())
    local h = crypto.salted_hmac("salt", "value", { secret = "k3y", algorithm = "sha256" })
    assert.equal("c19aab13b0283ded355bd529062cfc992f1ec21552a66436d34e92c9bd29b9cb", h:hexdigest())
    assert.equal(32, #h:digest())
    assert.raises(function() crypto.salted_hmac("s", "v") end, "there is no project here")
  end)
  it("derives keys", function()
    assert.equal(32, #crypto.pbkdf2("password", "salt", 1))
    assert.equal("\x0c\x60\xc8\x0f\x96\x1f\x0e\x71\xf3\xa9\xb5\x24\xaf\x60\x12\x06\x2f\xe0\x37\xa6",
      crypto.pbkdf2("password", "salt", 1, { digest = "sha1", dklen = 20 }))
    assert.raises(function() crypto.pbkdf2("p", "s", 0) end)
  end)
  it("compares and draws", function()
    assert.is_true(crypto.constant_time_compare("a", "a"))
    assert.is_false(crypto.constant_time_compare("a", "b"))
    assert.equal(12, #crypto.get_random_string(12))
    assert.is_true(crypto.get_random_string(50, "ab"):find("^[ab]+$") == 1)
    assert.is_true(crypto.get_random_string(20) ~= crypto.get_random_string(20))
    assert.raises(function() crypto.get_random_string(5, "a") end, "alphabet")
  end)
end)

t.finish()
