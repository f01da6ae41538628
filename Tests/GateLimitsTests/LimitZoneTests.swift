import GateLimits
import GatePrimitives
import Testing

@Suite struct LimitZoneTests {
    private func zone(ceiling: Int) throws -> LimitZone {
        LimitZone(name: "z", parameters: try LimitParameters(rate: 1000, burst: 0), ceiling: ceiling)
    }

    private func pass(_ table: LimitTable, _ number: Int) -> Bool {
        var builder = table.zones[0].makeKey()
        builder.add(route: number)
        var charge = LimitCharge()
        _ = charge.add(zone: 0, key: builder.finish())
        return table.charge(&charge, at: MonotonicInstant(nanoseconds: 0)) == .pass
    }

    @Test func aMillionKeysTakeLessThan128Megabytes() throws {
        #expect(LimitZone.bytesPerKey * 1_000_000 < 128_000_000)
        let zone = try zone(ceiling: 128_000_000)
        #expect(zone.capacity > 2_000_000)
        #expect(zone.report().bytes <= 128_000_000)
    }

    @Test(arguments: [32 << 10, 100_000, 1 << 20, 5_000_000])
    func aZoneKeepsItsCeilingWhenFullAndForgetsTheRest(ceiling: Int) throws {
        let zone = try zone(ceiling: ceiling)
        let table = LimitTable([zone])
        let asked = min(zone.capacity * 2, 50_000)
        for number in 0..<asked { #expect(pass(table, number)) }
        let report = zone.report()
        // The arrays were allocated once, a little rounded up by the allocator.
        #expect(report.bytes <= ceiling + ceiling / 64)
        #expect(report.capacity == zone.capacity)
        #expect(report.keys <= zone.capacity)
        #expect(report.keys + Int(report.evictions) == asked)
    }

    @Test func aCeilingOutOfRangeIsClamped() throws {
        #expect(try zone(ceiling: .min).ceiling == 32 << 10)
        #expect(try zone(ceiling: 0).capacity >= 600)
    }

    @Test func theLeastRecentlyUsedKeyIsForgottenAndAKeyThatIsRefusedStays() throws {
        let zone = try zone(ceiling: 32 << 10)
        let table = LimitTable([zone])
        #expect(pass(table, 0))
        // One shard only at this size: the order of use is exact.
        for number in 1..<zone.capacity { #expect(pass(table, number)) }
        #expect(zone.report().evictions == 0)
        #expect(!pass(table, 0))
        #expect(pass(table, -1))
        #expect(zone.report().evictions == 1)
        #expect(!pass(table, 0))
        #expect(pass(table, 1))
    }

    @Test func anIPv6ClientCountsByItsSubnetAndEveryPartByItsKind() throws {
        let zone = try zone(ceiling: 1 << 16)
        func key(_ feed: (inout LimitKeyBuilder) -> Void) -> LimitKey {
            var builder = zone.makeKey()
            feed(&builder)
            return builder.finish()
        }
        func address(_ text: String) throws -> LimitKey {
            let address = try #require(IPAddress(text))
            return key { $0.add(address) }
        }
        // Attacks 69: rotating within a /64 evades nothing.
        #expect(try address("2001:db8:1:2::1") == address("2001:db8:1:2:ffff::9"))
        #expect(try address("2001:db8:1:2::1") != address("2001:db8:1:3::1"))
        #expect(try address("::ffff:192.0.2.1") == address("192.0.2.1"))
        #expect(try address("192.0.2.1") != address("192.0.2.2"))
        #expect(try address("0.0.0.1") != key { $0.add(route: 1) })
        let parts: [LimitKey] = [
            key { $0.add(header: "ab".utf8.span) }, key { $0.add(claim: "ab".utf8.span) },
            key { $0.add(issuer: "a".utf8.span, subject: "b".utf8.span) },
            key { $0.add(issuer: "ab".utf8.span, subject: "".utf8.span) },
            key { $0.add(issuer: "".utf8.span, subject: "ab".utf8.span) },
            key {
                $0.add(header: "a".utf8.span)
                $0.add(header: "b".utf8.span)
            },
            key { $0.add(header: "".utf8.span) }, key { $0.addAbsent() }, key { _ in },
        ]
        #expect(Set(parts).count == parts.count)
        #expect(key { $0.addAbsent() } == key { $0.addAbsent() })
        // Another zone hashes with another key.
        #expect(try self.zone(ceiling: 1 << 16).makeKey().finish() != zone.makeKey().finish())
    }

    @Test func aBuilderKnowsWhetherItNamesAnybody() throws {
        var builder = try zone(ceiling: 1 << 16).makeKey()
        builder.addAbsent()
        #expect(builder.isAnonymous)
        builder.add(route: 1)
        #expect(!builder.isAnonymous)
    }
}
