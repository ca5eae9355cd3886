-- For an app that knows no prefix: "/w/<id>/x" becomes "/x" on its way in, and what the app says of its own addresses becomes "/w/<id>/…" on the way out.
-- Runs after the doors, between the workspace's cluster and its app. It opens nothing: where it fails, the app is asked for a path that it does not have.

local function door_of(h)
  local lb = h:streamInfo():dynamicMetadata():get("envoy.lb")
  return lb and lb["door"]
end

-- "/x" for an address at this app, in whichever way it may write one; nil for an address elsewhere or a relative one.
local function path_in(address, own)
  local authority, rest = string.match(address, "^[Hh][Tt][Tt][Pp][Ss]?://([^/?#\\]*)(.*)$")
  if not authority then authority, rest = string.match(address, "^//([^/?#\\]+)(.*)$") end
  if authority then
    if not own[string.lower(authority)] then return nil end
    return string.sub(rest, 1, 1) == "/" and rest or "/" .. rest
  end
  return string.match(address, "^/.*$")
end

local function outside(address, door, own)
  local path = path_in(address, own)
  -- An app that was told its prefix may have written it itself, with the slash at its end or without.
  if not path or string.sub(path, 1, #door) == door or string.match(path, "^[^?#]*") .. "/" == door then return path or address end
  return door .. string.gsub(path, "^/+", "")
end

local function replaced(headers, name, change)
  local n = headers:getNumValues(name)
  if n == 0 then return end
  local values = {}
  for i = 0, n - 1 do values[#values + 1] = change(headers:getAtIndex(name, i)) end
  headers:remove(name)
  for _, value in ipairs(values) do headers:add(name, value) end
end

function envoy_on_request(h)
  local headers = h:headers()
  local door, path, own = door_of(h), headers:get(":path"), headers:get("x-carrel-own")
  headers:remove("x-carrel-own")
  if not door or not own or string.sub(path, 1, #door) ~= door then return end
  h:streamInfo():dynamicMetadata():set("carrel.strip", "own", own)
  h:streamInfo():dynamicMetadata():set("carrel.strip", "host", string.lower(headers:get(":authority") or ""))
  -- One slash, however many came: "//x" is a host's name to many apps, and they would send the visitor there.
  headers:replace(":path", "/" .. string.gsub(string.sub(path, #door), "^/+", ""))
  headers:replace("x-envoy-original-path", path)                     -- what streams.log shows
  headers:replace("x-forwarded-prefix", string.sub(door, 1, -2))
  headers:replace("x-script-name", string.sub(door, 1, -2))
  headers:replace("x-rstudio-root-path", string.sub(door, 1, -2))    -- RStudio reads no other, and goes by it in redirects and cookies
end

function envoy_on_response(h)
  local door, strip = door_of(h), h:streamInfo():dynamicMetadata():get("carrel.strip")
  if not door or not strip then return end
  local own = {[strip["own"]] = true, [strip["host"]] = true, [string.gsub(strip["own"], "^127%.0%.0%.1:", "localhost:")] = true}
  local headers = h:headers()
  replaced(headers, "location", function(value) return outside(value, door, own) end)
  replaced(headers, "content-location", function(value) return outside(value, door, own) end)
  replaced(headers, "refresh", function(value)
    local before, address = string.match(value, "^(%s*[%d.]*%s*[;,]%s*[Uu][Rr][Ll]%s*=%s*)(.*)$")
    if not before then return value end
    local quote, bare = string.match(address, "^(['\"])([^'\"]*)")
    return before .. (quote or "") .. outside(bare or address, door, own) .. (quote or "")
  end)
  replaced(headers, "set-cookie", function(value)
    return (string.gsub(value, ";(%s*[Pp][Aa][Tt][Hh]%s*=%s*)(/[^;]*)", function(before, path)
      return ";" .. before .. outside(path, door, {})
    end))
  end)
end
