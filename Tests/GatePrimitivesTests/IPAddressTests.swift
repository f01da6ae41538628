import GatePrimitives
import Testing

@Suite struct IPAddressTests {
    @Test(arguments: [
        "0.0.0.0", "1.2.3.4", "255.255.255.255", "127.0.0.1", "::", "::1", "1::", "fe80::1", "2001:db8::1",
        "2001:db8:1:1:1:1:1:1", "2001:db8:0:1:1:1:1:1", "1:0:0:2::3", "1::2:0:0:3:4", "64:ff9b::102:304",
    ])
    func aCanonicalSpellingReadsAndPrintsAsItself(text: String) throws {
        #expect(try #require(IPAddress(text)).description == text)
    }

    @Test(arguments: [
        ("2001:DB8::1", "2001:db8::1"), ("2001:db8:0:0:0:0:0:1", "2001:db8::1"), ("0:0:0:0:0:0:0:0", "::"),
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("2001:0db8::0001", "2001:db8::1"),
        ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
        ("64:ff9b::1.2.3.4", "64:ff9b::102:304"), ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
    ])
    func everyOtherSpellingPrintsByRFC5952(text: String, canonical: String) {
        #expect(IPAddress(text)?.description == canonical)
    }

    @Test(arguments: [
        "", "1", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3", "256.1.1.1", "01.2.3.4", "1.2.3.04", "00.0.0.0",
        "0x7f.0.0.1", "1.2.3.4 ", " 1.2.3.4", "1.2.3.-4", "1.2.3.4:80", "127.1", "2130706433", "1.2.3.999999999999",
        ":", ":::", "::1::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8",
        "12345::", "g::", "1:", ":1", "1:2:", "::1%eth0", "[::1]", "::1.2.3", "::1.2.3.4.5", "::1.2.3.4:5",
        "1:2:3:4:5:6:7:1.2.3.4", "::01.2.3.4", "::ffff:256.1.1.1", "1.2.3.4::", "１.2.3.4", "::１",
    ])
    func whatIsNoStrictSpellingIsRefused(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test func aMappedAddressIsTheIPv4Address() throws {
        let plain = try #require(IPAddress("192.0.2.1"))
        #expect(IPAddress("::ffff:192.0.2.1") == plain)
        #expect(IPAddress("::FFFF:c000:201") == plain)
        let bytes: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1]
        #expect(IPAddress(bytes: bytes.span) == plain)
        #expect(IPAddress(bytes: bytes.span.extracting(12..<16)) == plain)
        #expect(IPAddress(bytes: bytes.span.extracting(0..<15)) == nil)
        #expect(IPAddress("::192.0.2.1") != plain)
    }

    @Test func aPrefixKeepsTheFirstBits() throws {
        let v6 = try #require(IPAddress("2001:db8:1:2:3:4:5:6"))
        #expect(v6.prefix(64).description == "2001:db8:1:2::")
        #expect(v6.prefix(65).description == "2001:db8:1:2::")
        #expect(v6.prefix(63).description == "2001:db8:1:2::")
        #expect(v6.prefix(48).description == "2001:db8:1::")
        #expect(v6.prefix(0).description == "::")
        #expect(v6.prefix(128) == v6)
        #expect(v6.prefix(.max) == v6)
        #expect(v6.prefix(.min).description == "::")
        let v4 = try #require(IPAddress("10.1.2.3"))
        #expect(v4.prefix(24).description == "10.1.2.0")
        #expect(v4.prefix(32) == v4)
        #expect(v4.prefix(64) == v4)
        #expect(v4.prefix(0).description == "0.0.0.0")
    }

    @Test(arguments: [
        ("127.0.0.1", "loopback private"), ("127.255.255.255", "loopback private"), ("128.0.0.0", "public"),
        ("10.0.0.0", "private"), ("9.255.255.255", "public"), ("11.0.0.0", "public"), ("172.15.255.255", "public"),
        ("172.16.0.0", "private"), ("172.31.255.255", "private"), ("172.32.0.0", "public"),
        ("192.168.0.0", "private"), ("192.169.0.0", "public"), ("169.254.0.1", "linkLocal"),
        ("169.254.169.254", "linkLocal metadata"), ("100.64.0.1", ""), ("100.127.255.255", ""),
        ("100.128.0.0", "public"), ("100.100.100.200", "metadata"), ("168.63.129.16", "metadata public"),
        ("0.0.0.0", ""), ("224.0.0.1", ""), ("240.0.0.1", ""), ("255.255.255.255", ""), ("192.0.2.1", ""),
        ("198.51.100.1", ""), ("203.0.113.1", ""), ("198.18.0.1", ""), ("198.19.255.255", ""), ("198.20.0.0", "public"),
        ("192.0.0.8", ""), ("8.8.8.8", "public"), ("::1", "loopback private"), ("::", ""), ("fc00::1", "private"),
        ("fdff::1", "private"), ("fe00::1", ""), ("fe80::1", "linkLocal"), ("febf::1", "linkLocal"), ("fec0::1", ""),
        ("fd00:ec2::254", "private metadata"), ("fd20:ce::254", "private metadata"), ("ff02::1", ""),
        ("2001:db8::1", ""), ("2001:db9::1", "public"), ("2001:1ff::1", ""), ("2001:200::1", "public"),
        ("3fff::1", ""), ("2606:4700::1111", "public"), ("4000::1", ""), ("64:ff9b::808:808", "public"),
        ("64:ff9b::a9fe:a9fe", ""), ("2002:0a00:1::1", ""), ("2002:808:808::1", "public"),
    ])
    func anAddressIsKnownByItsScope(text: String, scopes: String) throws {
        let address = try #require(IPAddress(text))
        var found: [String] = []
        if address.isLoopback { found.append("loopback") }
        if address.isLinkLocal { found.append("linkLocal") }
        if address.isPrivate { found.append("private") }
        if address.isMetadata { found.append("metadata") }
        if address.isPublic { found.append("public") }
        #expect(found.joined(separator: " ") == scopes)
    }

    @Test func aTranslatedAddressShowsWhatItReaches() {
        #expect(IPAddress("64:ff9b::169.254.169.254")?.embeddedV4?.description == "169.254.169.254")
        #expect(IPAddress("2002:a9fe:a9fe::1")?.embeddedV4?.description == "169.254.169.254")
        #expect(IPAddress("::10.0.0.1")?.embeddedV4?.description == "10.0.0.1")
        #expect(IPAddress("::1")?.embeddedV4 == nil)
        #expect(IPAddress("2001:db8::1")?.embeddedV4 == nil)
        #expect(IPAddress("10.0.0.1")?.embeddedV4 == nil)
    }

    @Test func randomAddressesSurviveTheRoundTrip() {
        var random = LoopRandom(seed: 7)
        for _ in 0..<2000 {
            // Masked by random bits, so that runs of zero groups are frequent.
            let mask = random.next() & random.next()
            let v6 = IPAddress(v6High: random.next() & mask, low: random.next() & mask & random.next())
            #expect(IPAddress(v6.description) == v6)
            let v4 = IPAddress(v4: UInt32(truncatingIfNeeded: random.next()))
            #expect(IPAddress(v4.description) == v4)
        }
    }
}
