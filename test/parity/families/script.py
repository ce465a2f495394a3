"""Scripts: Lua as Redis shows it to scripts, conversions both ways, errors with their places, and whatever command called
from within."""
import importlib

# One a line. Those that draw random numbers are few: both servers begin with the same row of them.
SCRIPTS = r"""
return 1 +
error('x',0)
error()
error(nil)
error(1)
error('x')
error(true)
return {err='x y'}
return {err='xy'}
return {err='a\r\nb c'}
return {err=''}
return {ok='x y'}
return {ok=''}
return {ok='a\r\nb'}
return {ok=1}
return redis.error_reply('x y')
return redis.error_reply('-X y')
return redis.error_reply('-X')
return redis.error_reply('')
return redis.error_reply(' ')
return redis.error_reply('xy')
return redis.error_reply()
return redis.error_reply({})
return redis.status_reply(1)
return redis.status_reply("a\r\nb")
return redis.status_reply("")
redis.log()
redis.log('a','b')
redis.log(9,'b')
redis.log('2','b')
redis.log(2,'b',1,{},'c')
return redis.sha1hex()
return redis.sha1hex('a')
return redis.sha1hex(1)
return redis.sha1hex({})
redis.setresp()
redis.setresp(4)
redis.setresp('a')
redis.setresp('3')
redis.set_repl()
redis.set_repl(7)
redis.set_repl('a')
redis.set_repl(redis.REPL_ALL)
return redis.replicate_commands()
return redis.breakpoint()
return redis.debug('x')
return redis.acl_check_cmd()
return redis.acl_check_cmd('set','a','b')
return redis.acl_check_cmd('nosuch','a','b')
return redis.acl_check_cmd('set')
return redis.acl_check_cmd({})
return redis.call('get',1.5)
return {1,2,nil,3}
return {1.9,-1.9,'a',true,false}
return math.random()
return {math.random(100),math.random(5,10)}
return tostring(math.random())
math.random(0)
math.random(1,2,3)
math.random(3,1)
math.randomseed(5) return math.random(1000)
math.randomseed(-5) return math.random(1000)
math.randomseed(0) local t={} for i=1,50 do t[i]=math.random(1000000) end return t
return rawset(_G,'a',1)
local a,b=loadstring('\27Lua') return {tostring(a),b}
local a,b=load(function() return nil end) return {type(a),b}
local n=0 local a,b=load(function() n=n+1 if n==1 then return '\27abc' end return nil end) return {type(a),b}
local n=0 local a,b=load(function() n=n+1 if n==1 then return 'return ' elseif n==2 then return '7' end return nil end) return a()
local a,b=load(function() return {} end) return {type(a),b}
local a,b=load(function() error('q') end) return {type(a),b}
return load(1)
return loadstring()
return loadstring({})
return loadstring('return 5')()
return {loadstring('return 5 5','=abc')}
return print
return os.clock()
local t={} t.x.y=1
return cjson.encode({a=1.5,b={1,2,3}})
return cjson.encode({1/3,1e20,1e-7,123456789012345})
return cjson.encode({})
return cjson.encode({{},{a={}}})
return cjson.encode({[1]=1,[2]=2,[10]=3})
return cjson.encode({[1]=1,[2]=2,[100]=3})
return cjson.encode({[1.5]=1})
return cjson.encode('a"\\\n\t/\1')
return cjson.encode(cjson.null)
return cjson.encode(function() end)
return cjson.encode(0/0)
return cjson.encode(1/0)
local a={} a[1]=a return cjson.encode(a)
return cjson.decode('{')
return cjson.decode('[1,2,{"a":null}]')
return cjson.decode('{"a":[1,2.5,"x",true,false]}').a
return cjson.decode('"\\u00e9\\ud83d\\ude00"')
return cjson.decode('nul')
return cjson.decode('[1,]')
return cjson.decode('')
return cjson.decode('[[[[1]]]]')[1][1][1]
return tostring(cjson.decode('null'))
return cjson.decode('null')==cjson.null
return cjson.decode('1e5')
return cjson.decode('0x10')
return cjson.decode('NaN')
return tostring(cjson.decode('Infinity'))
return cjson.encode(cjson.decode('{"a":{"b":[1,2,3]},"c":"d"}').a)
cjson.encode_number_precision(5) return cjson.encode(1.23456789)
cjson.encode_sparse_array(true) return cjson.encode({[1000]=1})
return cjson.encode(1.23456789012345678)
return type(cjson.new)
return #ARGV
local function f() error('abc',2) end f()
local a = redis.pcall('get') return a.err
redis.call('lpush','L',1) return redis.pcall('get','L')
return redis.call('get','L')
return redis.pcall('get','L').err
local ok,r= pcall(redis.call,'get','L') return {tostring(ok),type(r),r}
return pcall(error)
return {pcall(error,{err='a'})}
return {pcall(error,{1})}
return {pcall(error,'x')}
return {pcall(error,nil)}
return {pcall(function() return 1,2,3 end)}
return {pcall(function(...) return ... end,7,8)}
return {pcall(1)}
return {xpcall(function() error('q') end,function(e) return 'h:'..e end)}
return {xpcall(function() redis.call('get') end,function(e) return e.err end)}
return redis.call('subscribe','a')
return redis.call('script','kill')
return redis.call('script','nosuch')
return redis.call('config','get')
return redis.call('debug','jmap')
return loadstring('error(1)')()
return loadstring('error(1)','=foo')()
return loadstring('error(1)','@foo')()
local f=setmetatable({},{__index=function() error('deep') end}) return f.x
return tostring(collectgarbage('count')>0)
return string.format('%s %d', 1)
return ({pcall(function() redis.call('nosuch') end)})[2]
coroutine.wrap(function() error('in co') end)()
return coroutine.wrap(function() return redis.call('ping') end)()
return coroutine.wrap(function() redis.call('nosuch') end)()
return {coroutine.resume(coroutine.create(function() error('x') end))}
redis.x=1
string.x=1
x=1
return x
_G.x=1
return _G.x
return _G[1]
return _G.redis==redis
return rawequal(_G._G,_G)
setmetatable(_G,{})
setmetatable(redis,{})
setmetatable(string,{})
return tostring(getmetatable(redis))
return type(getmetatable(_G))
return type(getmetatable(''))
getmetatable('').__index=nil
getmetatable('').__index.upper=1
getmetatable('').x=1
getmetatable(_G).__index=nil
getmetatable(_G).__newindex=nil
rawset(getmetatable(_G),'__index',nil)
rawset(redis,'call',1)
rawset(redis)
rawget()
return type(rawget(redis,'call'))
return tostring(rawget(_G,'nosuch'))
table.insert(redis,1)
table.insert(_G,1)
table.insert(redis,1,2)
table.remove(redis)
table.sort(redis)
table.setn(redis,1)
return table.getn({1,2})
return #redis
local n=0 for k,v in pairs(redis) do n=n+1 end return n
local n={} for k,v in pairs(redis) do n[#n+1]=k end table.sort(n) return n
local n={} for k,v in pairs(string) do n[#n+1]=k end table.sort(n) return n
local n={} for k,v in pairs(table) do n[#n+1]=k end table.sort(n) return n
local n={} for k,v in pairs(math) do n[#n+1]=k end table.sort(n) return n
local n={} for k,v in pairs(cjson) do n[#n+1]=k end table.sort(n) return n
local n={} for k,v in pairs(bit) do n[#n+1]=k end table.sort(n) return n
local n={} for k,v in pairs(coroutine) do n[#n+1]=k end table.sort(n) return n
local n={} for k,v in pairs(getmetatable(_G)) do n[#n+1]=k end table.sort(n) return n
return next({})
return {next({5})}
return next()
return next({},1)
return {type(next(redis))}
return pairs()
return pairs(1)
for k in pairs(nil) do end
for k in ipairs(nil) do end
return ('abc'):upper()
return ('abc'):nosuch()
return ('x'):rep(3)
return (5).x
return KEYS[1]
KEYS[1]='z' return KEYS[1]
KEYS=1
return #KEYS
ARGV.x=2 return ARGV.x
return tostring(1e100)
return 1e100
return -1e100
return 0/0
return 2^53
return 2^63
return -2^63
return 9007199254740993
return 3.99
return -0.5
return nil
return
return false
return true
return {}
return {{}}
return {1,{2,{3,{}}},'x'}
return {false}
return {nil}
return {nil,1}
return {a=1}
return {a=1,5}
return function() end
return coroutine.create(function() end)
return redis
return _G
return string
return {double=3.5}
return {double=3}
return {double=1/0}
return {double=0/0}
return {double='3'}
return {map={a=1}}
return {map={[1]={2,3}}}
return {map={}}
return {map=1}
return {set={a=true}}
return {set={}}
return {set={x=1}}
return {big_number='123456789012345678901234567890'}
return {big_number='1\r\n2'}
return {big_number=5}
return {verbatim_string={format='txt',string='abc'}}
return {verbatim_string={format='markdown',string='abc'}}
return {verbatim_string={format='t',string='abc'}}
return {verbatim_string={string='abc'}}
return {verbatim_string={format='txt'}}
return {verbatim_string={format='txt',string=5}}
return {verbatim_string='x'}
return {1,{err='in side'},3}
return {1,{ok='fine'},3}
return {1,redis.pcall('get'),3}
redis.setresp(3) return true
redis.setresp(3) return false
redis.setresp(3) return {true,false,nil,1}
redis.setresp(3) return redis.call('get','nosuch')
redis.setresp(3) return tostring(redis.call('get','nosuch'))
return tostring(redis.call('get','nosuch'))
redis.setresp(3) return redis.call('hgetall','nosuch')
redis.call('hset','H','a','1') redis.setresp(3) return redis.call('hgetall','H')
redis.setresp(3) return redis.call('hgetall','H').map.a
return redis.call('hgetall','H')
redis.call('sadd','S','a') redis.setresp(3) return redis.call('smembers','S')
redis.setresp(3) return tostring(redis.call('smembers','S').set.a)
redis.call('zadd','Z','1.5','a') redis.setresp(3) return redis.call('zscore','Z','a')
redis.setresp(3) return redis.call('zscore','Z','a').double
return redis.call('zscore','Z','a')
redis.setresp(3) return redis.call('zrange','Z',0,-1,'withscores')
return redis.call('zrange','Z',0,-1,'withscores')
redis.setresp(3) return redis.call('zscore','Z','b')
redis.setresp(3) return redis.call('debug','protocol','bignum')
return redis.call('lrange','L',0,-1)
return redis.call('blpop','nosuch',0)
return redis.call('blpop','L',0)
return redis.call('brpoplpush','nosuch','x',0)
return redis.call('blmove','nosuch','x','left','left',0)
return redis.call('bzpopmin','nosuch',0)
return redis.call('xread','block',0,'streams','nosuch','$')
redis.setresp(3) return redis.call('blpop','nosuch',0)
return redis.call('set','k','v')
return redis.call('set','k','v').ok
return redis.call('incr','n')
return redis.call('incrby','n',5)
return redis.call('incrby','n',1.5)
return redis.call('set','k',1.5)
return redis.call('get','k')
return redis.call('set','k',1e20) and redis.call('get','k')
return redis.call('set','k',-0.0) and redis.call('get','k')
return redis.call('set','k',0/0) and redis.call('get','k')
return redis.call('set','k',1/0) and redis.call('get','k')
return redis.call('set','k',2^53) and redis.call('get','k')
return redis.call('set','k',2^53+2) and redis.call('get','k')
return redis.call('set','k',123456789.123456789) and redis.call('get','k')
return redis.call('set','k',0.1) and redis.call('get','k')
return redis.call('set','k',true)
return redis.call('set','k',nil)
return redis.call('set','k')
return redis.call('SET','k','a\0b') and #redis.call('get','k')
return redis.call('select',1)
return redis.call('ping')
return redis.call('ping','x')
return redis.call('echo','x')
return redis.call('time')[3]
return redis.call('exists','k','L')
return redis.call('mget','k','nosuch')
return redis.call('eval','return 1',0)
return redis.call('evalsha','a',0)
return redis.call('multi')
return redis.call('exec')
return redis.call('watch','a')
return redis.call('auth','a')
return redis.call('hello')
return redis.call('quit')
return redis.call('reset')
return redis.call('client','id')
return redis.call('client','getname')
return redis.call('monitor')
return redis.call('shutdown')
return redis.call('save')
return redis.call('wait',0,0)
return redis.call('function','list')
return redis.call('publish','c','m')
return redis.call('spublish','c','m')
return redis.call('pubsub','channels')
return redis.call('keys','nosuch*')
return redis.call('dbsize')
return redis.call('randomkey')~=nil
return redis.call('sort','L')
return redis.call('type','L')
return redis.call('type','L').ok
return redis.call('object','encoding','L')
return redis.call('object','help')[1]
return redis.call('command','count')>0
return redis.call('replicaof','no','one')
return redis.call('role')[1]
return redis.call('latency','reset')
return redis.call('info','nosuch')
return redis.call('migrate')
return redis.call('script','load','return 1')
return redis.call('script','exists','a')
return redis.call('script','help')[1]
return redis.call('swapdb',0,1)
return redis.call('SET','k','v','EX','100')
return redis.call('ttl','k')
return redis.call('expire','k',100)
return redis.call('flushdb')
return bit.tobit(4294967295)
return {bit.tobit(2^31),bit.tobit(2^32+1),bit.tobit(-1),bit.tobit(1.5),bit.tobit(2.5),bit.tobit(0.5)}
return {bit.bnot(0),bit.bnot(5),bit.band(7,12,4),bit.bor(1,2,4),bit.bxor(1,3,7)}
return {bit.lshift(1,31),bit.lshift(1,32),bit.rshift(-1,28),bit.arshift(-256,4),bit.arshift(-1,31),bit.arshift(-1,0),bit.arshift(-8,33)}
return {bit.rol(0x12345678,12),bit.ror(0x12345678,12),bit.rol(1,0),bit.bswap(0x12345678)}
return {bit.tohex(1),bit.tohex(-1),bit.tohex(255,2),bit.tohex(255,-2),bit.tohex(255,0),bit.tohex(255,100),bit.tohex(-1,-100)}
return bit.band()
return bit.band('x')
return bit.band('7',3)
return bit.tohex()
return bit.bnot({})
return redis.REDIS_VERSION
return redis.REDIS_VERSION_NUM
return redis.LOG_WARNING
return _VERSION
return type(gcinfo())
return collectgarbage()
return collectgarbage('nosuch')
return select('#',1,2,3)
return select(2,'a','b')
return {unpack({1,2,3})}
return tonumber('0x10')
return tonumber('abc')
return tostring(nil)
return string.rep('a',10)
return string.dump(function() end) ~= nil
return table.concat({1,2,3},',')
local t={} for i=1,300 do t[i]=i end return {unpack(t)}
local t={3,1,2} table.sort(t,function(a,b) return a>b end) return t
local t={} table.insert(t,'a') table.insert(t,1,'b') return t
table.insert()
table.insert({},1,2,3)
table.insert(1,2)
setmetatable(1,{})
setmetatable({},1)
setmetatable({})
return getmetatable({})
getmetatable()
local t=setmetatable({},{__metatable='locked'}) return getmetatable(t)
local t=setmetatable({},{__metatable='locked'}) setmetatable(t,{})
local t=setmetatable({},{__index=function(t,k) return k..'!' end}) return t.abc
local t=setmetatable({},{__call=function(self,a) return a*2 end}) return t(4)
local t=setmetatable({},{__tostring=function() return 'T' end}) return tostring(t)
local t=setmetatable({},{__index={1,2,3}}) return t
return setmetatable({1},{__index={1,2,3}})
local function r(n) if n==0 then return {} end return {r(n-1)} end return r(50)
local function r(n) return r(n+1)+1 end return r(1)
local s='' for i=1,1000 do s=s..'x' end return #s
return string.find('abc','b')
return {string.find('abc','(b)')}
return string.gsub('hello','l','L')
return {string.gsub('hello','l','L')}
return ('%5.2f|%d|%s|%q|%x'):format(3.14159,42,'s','q"',255)
for w in string.gmatch('a b c','%a') do redis.call('rpush','W',w) end return redis.call('lrange','W',0,-1)
goto x
local x <const> = 1
return 5 // 2
return 1 & 2
return 'a' .. nil
return {} + 1
return nil()
return redis.nosuch()
return redis.call.x
return #nil
return 1 < 'a'
return {} < {}
if then
x = = 1
return 'unfinished
return [[long
string]]
error({err='My error'})
error({err='My error',source='x',line=5})
error({err=5})
error(redis.error_reply('FOO bar'))
return redis.error_reply('FOO bar\r\nbaz')
error('a\r\nb')
error(('x'):rep(2000))
redis.call('set','k','v') error('after')
return redis.call('get','k')
local a=redis.call local b=a('ping') return b
return {redis.call('ping'),redis.pcall('ping')}
""".strip("\n").split("\n")

SHEBANGS = [b"#!lua", b"#!lua flags=no-writes", b"#!lua flags=allow-stale,no-writes", b"#!lua flags=allow-oom",
            b"#!lua flags=no-cluster,allow-cross-slot-keys", b"#!lua flags=", b"#!lua flags=bogus", b"#!lua name=x",
            b"#!python", b"#!", b"#! lua", b'#!lua "flags=no-writes"', b'#!lua "x', b"#!lua flags=no-writes flags=allow-oom",
            b"#!LUA", b"#!lua FLAGS=no-writes", b"#!lua flags=NO-WRITES", b"#!lua flags=no-writes,", b"#!lua\r"]

# Of which the commands called from scripts are drawn.
CALLED = ("string", "hash", "list", "set", "zset", "key", "bitmap", "generic", "hyperloglog", "stream", "geo")

ATOMS = ["1", "0", "-7", "3.7", "-3.7", "1e15", "2^53", "1e300", "-1e300", "'text'", "''", "'a\\r\\nb'", "'\\0\\255'", "true", "false",
         "nil", "KEYS[1]", "ARGV[1]", "#KEYS", "KEYS[9]", "cjson.null", "function() end"]


def value(rng, depth):
    """A Lua expression that makes some value."""
    if depth == 0 or rng.random() < 0.4:
        return rng.choice(ATOMS)
    inner = lambda: value(rng, depth - 1)
    return rng.choice([
        lambda: "{" + ",".join(inner() for _ in range(rng.randint(0, 4))) + "}",
        lambda: "{ok=%s}" % inner(),
        lambda: "{err=%s}" % inner(),
        lambda: "{double=%s}" % inner(),
        lambda: "{map={[%s]=%s}}" % (rng.choice(["1", "'k'", "true", "2.5"]), inner()),
        lambda: "{set={[%s]=true}}" % rng.choice(["1", "'k'", "true", "2.5"]),
        lambda: "{big_number=%s}" % inner(),
        lambda: "{verbatim_string={format=%s,string=%s}}" % (inner(), inner()),
        lambda: "{%s,x=%s}" % (inner(), inner()),
        lambda: "redis.error_reply(%s)" % inner(),
        lambda: "redis.status_reply(%s)" % inner(),
        lambda: "redis.pcall(%s)" % ",".join(inner() for _ in range(rng.randint(0, 3))),
        lambda: "select('#',%s)" % inner(),
        lambda: "tostring(%s):sub(1,5)" % rng.choice(ATOMS[:16]),
    ])()


def packed(rng):
    """struct and cmsgpack, there and back."""
    if rng.random() < 0.5:
        text = value(rng, 3)
        return rng.choice(["return cmsgpack.pack(%s)", "return {cmsgpack.unpack(cmsgpack.pack(%s))}",
                           "return {cmsgpack.unpack_limit(cmsgpack.pack(%s,1,2),2)}"]) % text
    options = [rng.choice(["<", ">", "!", "!4", " ", "b", "B", "h", "H", "i", "I2", "i7", "l", "L", "T", "f", "d", "x", "c3", "s"])
               for _ in range(rng.randint(1, 6))]
    numbers = ["0", "1", "-1", "255", "-300", "65535", "2^31", "-2^31", "2^40", "'x'"]
    args = [rng.choice(["'abc'", "'abcdef'"]) if option[0] in "cs" else rng.choice(numbers)
            for option in options if option[0] not in "<>! x"]
    form = "'%s'" % "".join(options)
    return rng.choice(["return struct.pack(%s)", "return {struct.unpack(%s,struct.pack(%%s))}" % form,
                       "return struct.size(%s)" % form + "--%s"]) % ",".join([form] + args)


def run(d, script, keys, args):
    name = d.rng.choice([b"eval", b"eval", b"eval_ro"])
    return [name, script, b"%d" % len(keys)] + keys + args


def plain(d):
    return run(d, d.rng.choice(SCRIPTS).encode(), [b"key1", b"key2"], [b"arg1", b"arg2"])


def random_value(d):
    prefix = d.rng.choice(["", "", "redis.setresp(3) "])
    return run(d, (prefix + "return " + value(d.rng, 3)).encode(), [b"key1"], [d.value()])


def called(d):
    """A command of another family, called by a script."""
    words = importlib.import_module("families." + d.rng.choice(CALLED)).command(d)
    if words[0].lower() == b"command":
        return plain(d)  # Flags are a set, which Lua puts in an order of its own.
    prefix = d.rng.choice(["", "", "redis.setresp(3) "])
    return [b"eval", (prefix + "return redis.%s(unpack(ARGV))" % d.rng.choice(["call", "pcall"])).encode(), b"0"] + words


def with_shebang(d):
    body = d.rng.choice([b"return 1", b"return redis.pcall('set','a',1)", b"return redis.call('get','a')", b"error('x')",
                         b"redis.call('nosuch')", b"return 1 +"])
    return run(d, d.rng.choice(SHEBANGS) + d.rng.choice([b"\n", b"\n", b"\n\n", b""]) + body, [], [])


def command(d):
    makers = [
        lambda: plain(d), lambda: plain(d), lambda: plain(d),
        lambda: random_value(d), lambda: random_value(d), lambda: random_value(d),
        lambda: called(d), lambda: called(d),
        lambda: with_shebang(d),
        lambda: run(d, packed(d.rng).encode(), [b"key1"], [d.value()]),
        lambda: [b"evalsha", d.rng.choice([b"e0e1f9fabfc9d4800c877a703b823ac0578ff8db", b"E0E1F9FABFC9D4800C877A703B823AC0578FF8DB",
                                           b"", b"x" * 40]), d.rng.choice([b"0", b"0", d.integer()])],
        lambda: [b"script", b"load", d.rng.choice(SCRIPTS).encode()],
        lambda: [b"script", b"exists", b"e0e1f9fabfc9d4800c877a703b823ac0578ff8db", d.value()],
        lambda: [b"script", b"flush"] + d.maybe(0.5, d.rng.choice([b"sync", b"ASYNC", b"x"])),
        lambda: [b"script", d.rng.choice([b"kill", b"help", b"nosuch"])],
        lambda: [b"eval", b"return {KEYS,ARGV}", d.integer()] + d.some_keys(),
        lambda: [b"command", b"getkeysandflags", d.rng.choice([b"eval", b"evalsha_ro"]), b"x", d.good_integer()] + d.some_keys(),
    ]
    words = d.rng.choice(makers)()
    return d.spoil(words) if words[0] != b"eval" or b"unpack" not in words[1] else words
