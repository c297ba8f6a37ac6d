-- Requests for wrk. Arguments: secret key, method, path, profiles, form of the values.
--   changing  thirteen identifiers, ever-new values, profiles at random
--   equal     the values that the profiles have already; of the tenth above `profiles`, which nothing changes
--   none      no body
--   renewal   profiles at random renew their chains `c-N` with ever-new transactions
--   one       the profile that `profiles` names: no body, or its first transaction with renewing on and off in turn
local names = {
  "adjust_device_id", "airbridge_device_id", "amplitude_device_id", "amplitude_user_id", "appmetrica_device_id",
  "appmetrica_profile_id", "appsflyer_id", "branch_id", "facebook_anonymous_id", "firebase_app_instance_id",
  "mixpanel_user_id", "one_signal_subscription_id", "pushwoosh_hwid",
}

local threads = 0
function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

function init(args)
  key, method, path, profiles, form = args[1], args[2], args[3], tonumber(args[4]), args[5]
  math.randomseed(number * 7919 + os.time())
  count = math.random(1, 8999999) * 100
  local parts = {}
  for _, name in ipairs(names) do
    parts[#parts + 1] = string.format('"%s":"%s-', name, name)
  end
  fields = parts
  head = { ["Authorization"] = "Api-Key " .. key, ["Content-Type"] = "application/json", ["adapty-platform"] = "iOS" }
end

local function at(seconds)
  return os.date("!%Y-%m-%dT%H:%M:%S", math.floor(seconds)) .. string.format(".%06dZ", (seconds % 1) * 1000000)
end

local function transaction(id, chain, began, ends, renews, changed)
  return string.format(
    '{"purchase_type":"subscription","store":"app_store","store_product_id":"monthly","store_transaction_id":"%s",'
      .. '"store_original_transaction_id":"%s","price":{"country":"US","currency":"USD","value":9.99},'
      .. '"purchased_at":"%s","originally_purchased_at":"2020-01-01T00:00:00Z","expires_at":"%s","renew_status":%s%s}',
    id, chain, began, ends, tostring(renews), changed and ',"renew_status_changed_at":"' .. changed .. '"' or "")
end

local sent = 0
local function purchase()
  sent = sent + 1
  local now = os.time() + sent / 100000
  local n = form == "one" and profiles or math.random(1, profiles)
  local chain = "c-" .. n
  head["adapty-customer-user-id"] = "user-" .. n
  if form == "one" then
    return wrk.format(method, path, head,
      transaction("last-" .. n, chain, "2026-03-01T00:00:00Z", "2099-01-01T00:00:00Z", sent % 2 == 0, at(now)))
  end
  return wrk.format(method, path, head,
    transaction(string.format("r-%d-%d", count, sent), chain, at(now), at(now + 2592000), true))
end

function request()
  if form == "renewal" or (form == "one" and method == "POST") then
    return purchase()
  end
  local n = form == "one" and profiles or math.random(1, profiles)
  if form == "equal" then
    n = profiles + math.ceil(n / 10)
  end
  head["adapty-customer-user-id"] = "user-" .. n
  if form == "none" then
    return wrk.format(method, path, head)
  end
  local tail = '0000000000-' .. n .. '"'
  if form == "changing" then
    count = count + 1
    tail = string.format('%010d-%d"', count, n)
  end
  return wrk.format(method, path, head, "{" .. table.concat(fields, tail .. ",") .. tail .. "}")
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"duration_us":%d,"p50_us":%d,"p99_us":%d,"max_us":%d,"not_2xx":%d,"socket_errors":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), latency.max, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
