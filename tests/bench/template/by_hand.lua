-- SPDX-License-Identifier: MIT
-- The page as somebody would write it in Lua without a template language: pieces in a table,
-- table.concat at the end, gsub to escape.
local escapes = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#x27;" }

local function escape(s)
  return (s:gsub("[&<>\"']", escapes))
end

local function truncate(s, n)
  local length = utf8.len(s)
  if length <= n then
    return s
  end
  return s:sub(1, utf8.offset(s, n) - 1) .. "…"
end

local function cells(out, i, product)
  local maker = product.maker
  if maker == nil or maker == "" then
    maker = "unknown"
  end
  local tags = {}
  for k, tag in ipairs(product.tags) do
    tags[k] = escape(tag)
  end
  local stock
  if product.stock > 10 then
    stock = "in stock"
  elseif product.stock > 0 then
    stock = product.stock .. " left"
  else
    stock = "sold out"
  end
  out[#out + 1] = "<td>" .. i .. '</td>\n<td><a href="/products/' .. escape(product.slug:lower()) .. '/">'
  out[#out + 1] = escape(truncate(product.name, 24)) .. "</a></td>\n<td>"
  out[#out + 1] = escape(maker:upper()) .. "</td>\n<td>"
  out[#out + 1] = ("%.2f"):format(product.price) .. "</td>\n<td>"
  out[#out + 1] = table.concat(tags, ", ") .. "</td>\n<td>" .. stock .. "</td>\n"
end

local function content(out, context)
  out[#out + 1] = "\n<h1>" .. escape(context.title) .. "</h1>\n<table>\n"
  for i, product in ipairs(context.products) do
    out[#out + 1] = '\n<tr class="' .. (i % 2 == 1 and "odd" or "even") .. '">\n'
    cells(out, i, product)
    out[#out + 1] = "\n</tr>\n"
  end
  out[#out + 1] = "\n</table>\n"
end

return function(context)
  local out = {}
  out[#out + 1] = "<!DOCTYPE html>\n<html>\n<head><title>" .. escape(context.title) .. " - Shop</title></head>\n<body>\n"
  content(out, context)
  out[#out + 1] = "\n<footer>&copy; " .. escape(context.owner) .. "</footer>\n</body>\n</html>\n"
  return table.concat(out)
end
