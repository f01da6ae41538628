import GatePrimitives
import Testing

@Suite struct AddressSetTests {
    private func block(_ text: String) throws -> CIDR { try CIDR(text) }
    private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

    @Test func aBlockHoldsItsFirstAndLastAddressAndNoOther() throws {
        let block = try block("10.1.2.0/23")
        #expect(block.description == "10.1.2.0/23")
        #expect(block.last.description == "10.1.3.255")
        #expect(try block.contains(address("10.1.2.0")))
        #expect(try block.contains(address("10.1.3.255")))
        #expect(try !block.contains(address("10.1.4.0")))
        #expect(try !block.contains(address("10.1.1.255")))
        #expect(try !block.contains(address("::10.1.2.0")))
    }

    @Test func anAddressAloneIsABlockOfOne() throws {
        #expect(try block("192.0.2.7").length == 32)
        #expect(try block("2001:db8::7").length == 128)
        #expect(try block("2001:db8::7").last == address("2001:db8::7"))
    }

    @Test func everythingIsABlock() throws {
        #expect(try block("0.0.0.0/0").last.description == "255.255.255.255")
        #expect(try block("::/0").last.description == "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
        #expect(try !block("::/0").contains(address("1.2.3.4")))
    }

    @Test(arguments: [
        "1.2.3.4/", "1.2.3.4/33", "1.2.3.4/08", "1.2.3.4/-1", "::/129", "::/1280", "1.2.3.4/8/8", "::ffff:1.2.3.4/95",
    ])
    func aBadLengthIsRefused(text: String) {
        #expect(throws: CIDR.ParseError.badLength) { try CIDR(text) }
    }

    @Test func bitsBeyondThePrefixAreRefusedWithTheBlockThatWasMeant() throws {
        let meant = try block("10.0.0.0/8")
        #expect(throws: CIDR.ParseError.hostBits(meant)) { try CIDR("10.0.0.1/8") }
        #expect(throws: CIDR.ParseError.notAnAddress) { try CIDR("10.0.0/8") }
    }

    @Test func aMappedBlockIsABlockOfIPv4() throws {
        #expect(try block("::ffff:10.0.0.0/104") == block("10.0.0.0/8"))
    }

    @Test func overlappingAndAdjacentBlocksAreMerged() throws {
        let set = AddressSet([
            try block("10.0.0.0/9"), try block("10.128.0.0/9"), try block("10.1.0.0/16"), try block("192.0.2.0/24"),
            try block("2001:db8::/33"), try block("2001:db8:8000::/33"), try block("255.255.255.255"),
        ])
        #expect(set.rangeCount == 4)
        #expect(try set.contains(address("10.255.255.255")))
        #expect(try !set.contains(address("11.0.0.0")))
        #expect(try set.contains(address("255.255.255.255")))
        #expect(try set.contains(address("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff")))
        #expect(try !set.contains(address("2001:db9::")))
        #expect(try !AddressSet.empty.contains(address("10.0.0.0")))
    }

    @Test func theSetAgreesWithAskingEveryBlock() {
        var random = LoopRandom(seed: 11)
        for _ in 0..<50 {
            var blocks: [CIDR] = []
            for _ in 0..<random.below(40) {
                let isV4 = random.below(2) == 0
                let base =
                    isV4
                    ? IPAddress(v4: UInt32(truncatingIfNeeded: random.next()) & 0xff00_ff0f)
                    : IPAddress(v6High: 0x2000_0000_0000_0000 | random.next() & 0xff, low: random.next() & 0xff)
                blocks.append(CIDR(base, length: isV4 ? random.below(33) : 120 &+ random.below(9)))
            }
            let set = AddressSet(blocks)
            for _ in 0..<200 {
                let near = blocks.isEmpty ? IPAddress(v4: 0) : blocks[random.below(blocks.count)].last
                let probe =
                    near.family == .v4
                    ? IPAddress(v4: near.v4Bits &+ UInt32(random.below(3)) &- 1)
                    : IPAddress(v6High: near.high, low: near.low &+ UInt64(random.below(3)) &- 1)
                #expect(set.contains(probe) == blocks.contains { $0.contains(probe) })
            }
        }
    }
}
