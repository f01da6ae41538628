import GatePrimitives
import Testing

@testable import GateWire

/// A ClientHello in pieces, to be put together well or badly (RFC 8446 §4.1.2).
struct Hello {
    var type: UInt8 = 1
    var body: [UInt8] = []
    var extensions: [(type: Int, content: [UInt8])] = []

    static func number(_ value: Int, _ bytes: Int) -> [UInt8] {
        (0..<bytes).reversed().map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }

    static func vector(_ bytes: [UInt8], _ lengthBytes: Int) -> [UInt8] { number(bytes.count, lengthBytes) + bytes }

    init(name: String? = "api.example.com", protocols: [String]? = ["h2", "http/1.1"]) {
        // GREASE (RFC 8701) and another that nobody reads stand around what is read.
        extensions = [(0x0a0a, []), (43, [2, 3, 4])]
        if let name { extensions.append((0, Self.serverName([(0, Array(name.utf8))]))) }
        if let protocols { extensions.append((16, Self.protocolList(protocols.map { Array($0.utf8) }))) }
        extensions.append((0x1a1a, [0]))
    }

    static func serverName(_ names: [(type: UInt8, bytes: [UInt8])]) -> [UInt8] {
        vector(names.flatMap { [$0.type] + vector($0.bytes, 2) }, 2)
    }

    static func protocolList(_ names: [[UInt8]]) -> [UInt8] { vector(names.flatMap { vector($0, 1) }, 2) }

    /// The handshake message.
    var message: [UInt8] {
        var bytes: [UInt8] = [3, 3] + Array(repeating: 7, count: 32)
        bytes += Self.vector(Array(repeating: 1, count: 32), 1) + Self.vector([0x13, 0x01, 0x5a, 0x5a], 2)
        bytes += Self.vector([0], 1)
        bytes += Self.vector(extensions.flatMap { Self.number($0.type, 2) + Self.vector($0.content, 2) }, 2)
        return [type] + Self.vector(bytes + body, 3)
    }

    /// The message in records of at most `size` bytes.
    func records(of size: Int = 16384) -> [UInt8] { Self.records(message, of: size) }

    static func records(_ message: [UInt8], of size: Int) -> [UInt8] {
        stride(from: 0, to: message.count, by: size).flatMap { start in
            [22, 3, 1] + vector(Array(message[start..<min(start + size, message.count)]), 2)
        }
    }
}

/// What our reader says of bytes; a span cannot stand in the testing macros.
private func read(_ bytes: [UInt8]) -> ClientHello.Reading { ClientHello.read(bytes.span) }

@Suite struct ClientHelloTests {
    private let expected = ClientHello.Reading.hello(
        ClientHello(serverName: "api.example.com", protocols: ["h2", "http/1.1"]))

    @Test func nameAndProtocolsAreRead() {
        #expect(read(Hello().records()) == expected)
        #expect(read(Hello(name: "API.Example.COM").records()) == expected)
        #expect(read(Hello(name: nil, protocols: nil).records()) == .hello(.init(serverName: nil, protocols: nil)))
        // What follows the hello is not looked at.
        #expect(read(Hello().records() + [20, 3, 3, 0, 1, 1]) == expected)
    }

    @Test func everyTruncationWaitsAndNoneIsTakenForAnother() {
        let whole = Hello().records(of: 50)
        for count in 0..<whole.count { #expect(read(Array(whole[..<count])) == .needsMore) }
        #expect(read(whole) == expected)
    }

    @Test func aHelloSplitOverRecordsIsTheSameHello() {
        let message = Hello().message
        for size in [10, 11, 16, 64, 100, message.count - 1, message.count] {
            #expect(read(Hello.records(message, of: size)) == expected)
        }
        // LIMIT: 32 records. A hello in records of one byte is nobody's.
        #expect(read(Hello.records(message, of: 1)) == .invalid)
        let size = (message.count + 31) / 32
        #expect(read(Hello.records(message, of: size)) == expected)
    }

    @Test func whatIsNoHandshakeIsRefusedAtItsFirstByte() {
        for byte in UInt8.min...UInt8.max where byte != 22 { #expect(read([byte]) == .invalid) }
        #expect(read(Array("GET / HTTP/1.1\r\n".utf8)) == .invalid)
        #expect(read([22, 2, 0, 0, 5]) == .invalid)
        #expect(read([22, 3, 1, 0, 0]) == .invalid)
        #expect(read([22, 3, 1, 0x40, 1]) == .invalid)
        // Another handshake message, as a server sends it.
        #expect(read([22, 3, 1, 0, 9, 2]) == .invalid)
        // A record of another kind within the hello.
        let split = Hello().records(of: 50)
        #expect(read(Array(split[..<55]) + [21] + split[56...]) == .invalid)
    }

    @Test func theLengthHasALimit() {
        // attacks 82.
        var hello = Hello(protocols: nil)
        let bare = hello.message.count
        hello.extensions.append((21, Array(repeating: 0, count: ClientHello.maximumLength - bare - 4)))
        #expect(hello.message.count == ClientHello.maximumLength)
        #expect(read(hello.records()) == .hello(.init(serverName: "api.example.com", protocols: nil)))
        hello.extensions.append((22, []))
        #expect(read(hello.records()) == .invalid)
        // It is refused for what it announces, before it is there.
        #expect(read([22, 3, 1, 0, 9, 1, 0xff, 0xff, 0xff]) == .invalid)
    }

    @Test func lengthsThatDoNotFitAreRefused() {
        let good = Hello().message
        // Every byte of every length, one up and one down, reads as something else or not at all, and never traps.
        for index in 1..<good.count {
            for change in [1, -1, 0x80, 0x7f] {
                var message = good
                message[index] = UInt8(truncatingIfNeeded: Int(message[index]) + change)
                _ = read(Hello.records(message, of: 16384))
            }
        }
        var trailing = Hello()
        trailing.body = [0]
        #expect(read(trailing.records()) == .invalid)
        #expect(read([22, 3, 1, 0, 4, 1, 0, 0, 0]) == .invalid)
    }

    @Test func anExtensionThatOccursTwiceIsRefused() {
        for index in [0, 16] {
            var hello = Hello()
            if let twin = hello.extensions.first(where: { $0.type == index }) { hello.extensions.append(twin) }
            #expect(read(hello.records()) == .invalid)
        }
    }

    @Test(arguments: [
        Hello.serverName([]), Hello.serverName([(0, [])]), Hello.serverName([(1, [0x61])]),
        Hello.serverName([(0, [0x61]), (0, [0x62])]), Hello.serverName([(0, [0x61, 0])]),
        Hello.serverName([(0, [0x61, 0x20])]), Hello.serverName([(0, [0xc3, 0xa4])]),
        Hello.serverName([(0, Array(repeating: 0x61, count: 254))]), [], [0], [0, 1], [0, 4, 0, 0, 1, 0x61, 0x62],
    ]) func aNameThatIsNoneIsRefused(content: [UInt8]) {
        var hello = Hello(name: nil)
        hello.extensions.append((0, content))
        #expect(read(hello.records()) == .invalid)
    }

    @Test func aNameMayHave253Bytes() {
        let name = String(repeating: "a", count: 253)
        #expect(
            read(Hello(name: name, protocols: nil).records()) == .hello(.init(serverName: name, protocols: nil)))
    }

    @Test(arguments: [[0, 0], [0, 1, 0], [0, 3, 2, 0x68], [], [0, 2, 1]]) func aProtocolListThatIsNoneIsRefused(
        content: [UInt8]
    ) {
        var hello = Hello(protocols: nil)
        hello.extensions.append((16, content))
        #expect(read(hello.records()) == .invalid)
    }

    @Test func randomChangesNeverTrapAndNeverChangeWithTheSplit() {
        var random = LoopRandom(seed: 82)
        let good = Hello().records(of: 60)
        for _ in 0..<20_000 {
            var bytes = good
            for _ in 0...random.below(4) {
                switch random.below(3) {
                case 0: bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.below(256))
                case 1: bytes.remove(at: random.below(bytes.count))
                default: bytes.insert(UInt8(truncatingIfNeeded: random.below(256)), at: random.below(bytes.count))
                }
            }
            let whole = read(bytes)
            // What was decided on a part is what is decided on the whole.
            let part = read(Array(bytes[..<random.below(bytes.count)]))
            if part != .needsMore { #expect(part == whole) }
        }
    }
}
