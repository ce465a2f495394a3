"""Functions: libraries good and bad, loaded, replaced, deleted and restored in any order, and what their functions reply."""

R = "redis.register_function"

# What a library's text may be after its first line.
TEXTS = [
    'redis.call("ping")', 'error("x")', R + "()", R + "(1,2)", R + '("f",2)', R + '("f.x",function() end)', R + "{}",
    R + '{function_name="x"}', R + '{function_name="x",callback=1}',
    R + '{function_name="x",callback=function() end,flags=1}', R + '{function_name="x",callback=function() end,flags={"a"}}',
    R + '{function_name="x",callback=function() end,foo=1}', R + '{function_name={},callback=function() end}',
    R + '{function_name="x",description={},callback=function() end}', R + "{1}", R + "{[{}]=1}", R + '("a","b","c")',
    R + "(nil,function() end)", R + '("",function() end)', R + '("f",function() end) ' + R + '("f",function() end)',
    "redis.x=1", "x=1", "local x=math", "local x=redis.call", "local x=KEYS", "redis.log()", "x=", "return 1", "local x=1",
    'redis.log(0,"x") ' + R + '("lg",function() return 1 end)', R + '{FUNCTION_NAME="x2",Callback=function() return 2 end}',
    R + '{function_name="x",callback=function() end,flags={"no-writes",1}}',
    R + '{function_name="x3",callback=function() return 3 end,flags={x="no-writes"}}', R + "(1,function() return 5 end)",
    R + '{function_name="x4",callback=function() return 4 end,description=1}',
    R + '{function_name="ro",callback=function() return redis.call("set","a",1) end,'
        'flags={"no-writes","allow-oom","allow-stale","no-cluster","allow-cross-slot-keys"},description="my d"}',
    "return " + R + '("k",redis.log)', "local function f() return f()+1 end f()",
    R + '("args",function(k,a) return {k,a,#k,#a} end)', R + '("err",function() error("boom") end)',
    R + '("errt",function() error({err="MY code"}) end)', R + '("errn",function() return redis.call("nosuch") end)',
    R + '("glob",function() x=1 end)', R + '("globr",function() return nosuch end)',
    R + '("reg",function() return redis.register_function end)',
    R + '("names",function() local r={} for k in pairs(redis) do r[#r+1]=k end table.sort(r) return r end)',
    R + '("resp",function() redis.setresp(3) return redis.call("hgetall","nosuch") end)',
    "local r=" + R + " r('late',function() return r('x',function() end) end)",
    "local c=0\n\n" + R + '("cnt",function() c=c+1 return c end)',
    R + '("wr",function(k,a) return redis.call("set",k[1],a[1]) end)',
]
FUNCTIONS = [b"lg", b"x2", b"x3", b"1", b"x4", b"ro", b"k", b"args", b"err", b"errt", b"errn", b"glob", b"globr", b"reg",
             b"names", b"resp", b"late", b"cnt", b"wr", b"nosuch"]
LINES = [b"", b"abc", b"#!lua", b"#!lua name=", b"#!lua name=a.b", b"#!lua nam=ab", b"#!lua name=a name=b", b"#!foo name=a",
         b'#!lua "name=q1"', b'#!lua "name=a', b"#! name=a", b"#!", b"#!LUA name=q2"]
# What Redis gives for one library, "p1".
PAYLOAD = bytes.fromhex(
    "f5404623216c7561206e616d653d70310a72656469732e72656769737465725f66756e6374696f6e28227031222c66756e63"
    "74696f6e28292072657475726e202270312220656e64290a00965437130ea842e7")


def library(d):
    if d.rng.random() < 0.1:
        return d.rng.choice(LINES) + d.rng.choice([b"\n", b"\n", b""]) + d.rng.choice(TEXTS).encode()
    return b"#!lua name=" + d.rng.choice([b"l1", b"l2", b"l3", b"L3"]) + b"\n" + d.rng.choice(TEXTS).encode()


def command(d):
    makers = [
        lambda: [b"function", b"load", library(d)],
        lambda: [b"function", b"load", b"replace", library(d)],
        lambda: [b"function", b"load", b"REPLACE", library(d)],
        lambda: [b"function", b"load", d.word(), library(d)],
        lambda: [d.rng.choice([b"fcall", b"fcall", b"fcall_ro"]), d.rng.choice(FUNCTIONS), b"1", d.key(), d.value()],
        lambda: [d.rng.choice([b"fcall", b"fcall", b"fcall_ro"]), d.rng.choice(FUNCTIONS), b"0"],
        lambda: [b"fcall", d.rng.choice(FUNCTIONS), d.integer()] + d.some_keys(),
        lambda: [b"function", b"delete", d.rng.choice([b"l1", b"l2", b"l3", b"p1", b"q1"])],
        lambda: [b"function", b"flush"] + d.maybe(0.5, d.rng.choice([b"sync", b"ASYNC", b"x"])) + d.maybe(0.1, b"x"),
        lambda: [b"function", b"list"] + d.maybe(0.5, b"LIBRARYNAME", d.rng.choice([b"l*", b"p1", b"*", b"nosuch"])) +
        d.maybe(0.5, b"WITHCODE") + d.maybe(0.1, d.word()),
        lambda: [b"function", b"stats"],
        lambda: [b"function", b"restore", PAYLOAD] + d.maybe(0.7, d.rng.choice([b"append", b"REPLACE", b"flush", b"x"])),
        lambda: [b"function", b"restore", d.rng.choice([PAYLOAD[:-1], b"", PAYLOAD[:-1] + b"x", d.value()])],
        lambda: [b"function", d.rng.choice([b"kill", b"help", b"nosuch", b"dump"])] + d.maybe(0.2, b"x"),
        lambda: [b"flushall"] if d.rng.random() < 0.3 else [b"get", d.key()],
        lambda: [b"command", b"getkeysandflags", b"fcall_ro", b"x", d.good_integer()] + d.some_keys(),
    ]
    words = d.spoil(d.rng.choice(makers)())
    if [w.lower() for w in words[:2]] == [b"function", b"dump"] and len(words) == 2:
        return [b"function", b"stats"]  # In the order of Redis' hash table.
    return words
