import GateLimits
import GatePrimitives
import Testing

@Suite struct LimitTableTests {
    private func at(_ milliseconds: Int64) -> MonotonicInstant { .init(nanoseconds: milliseconds * 1_000_000) }

    private func zone(_ name: String, rate: Int64 = 10_000, burst: Int64, delayAfter: Int64? = nil) throws -> LimitZone
    {
        LimitZone(
            name: name, parameters: try LimitParameters(rate: rate, burst: burst, delayAfter: delayAfter),
            ceiling: 1 << 16)
    }

    private func key(_ zone: LimitZone, _ number: Int) -> LimitKey {
        var builder = zone.makeKey()
        builder.add(route: number)
        return builder.finish()
    }

    private func charge(_ table: LimitTable, _ keys: [Int?], at time: Int64) -> (LimitVerdict, LimitCharge) {
        var charge = LimitCharge()
        for (index, number) in keys.enumerated() {
            if let number { _ = charge.add(zone: index, key: key(table.zones[index], number)) }
        }
        let verdict = table.charge(&charge, at: at(time))
        return (verdict, charge)
    }

    @Test func aRefusalByOneChargesNone() throws {
        let table = LimitTable([try zone("wide", burst: 5), try zone("narrow", burst: 1)])
        #expect(charge(table, [1, 1], at: 0).0 == .pass)
        #expect(charge(table, [1, 1], at: 0).0 == .pass)
        for _ in 0..<10 { #expect(charge(table, [1, 1], at: 0).0 == .refused(zone: 1, retryAfter: 1)) }
        // The wide one has seen two of its six, the ten refused have cost nothing.
        for _ in 0..<4 { #expect(charge(table, [1, nil], at: 0).0 == .pass) }
        #expect(charge(table, [1, nil], at: 0).0 == .refused(zone: 0, retryAfter: 1))
        // A key that was only refused has no bucket.
        #expect(charge(table, [2, 1], at: 0).0 == .refused(zone: 1, retryAfter: 1))
        #expect(table.zones[0].report().keys == 1)
    }

    @Test func theLongestRefusalAndTheLongestWaitAreNamed() throws {
        let table = LimitTable([
            try zone("slow", rate: 100, burst: 1, delayAfter: 0),
            try zone("fast", rate: 10_000, burst: 1, delayAfter: 0),
        ])
        #expect(charge(table, [1, 1], at: 0).0 == .pass)
        #expect(charge(table, [1, 1], at: 0).0 == .wait(milliseconds: 10_000, zone: 0))
        #expect(charge(table, [1, 1], at: 0).0 == .refused(zone: 0, retryAfter: 10))
        #expect(charge(table, [nil, 1], at: 0).0 == .refused(zone: 1, retryAfter: 1))
    }

    @Test func aRequestThatComesBackAfterRetryAfterPasses() throws {
        var random = LoopRandom(seed: 17)
        for _ in 0..<300 {
            let parameters = try LimitParameters(
                rate: Int64(1 + random.below(50_000)), burst: Int64(random.below(4)))
            let table = LimitTable([LimitZone(name: "z", parameters: parameters, ceiling: 1 << 15)])
            var now: Int64 = 0
            for _ in 0..<6 {
                let (verdict, _) = charge(table, [1], at: now)
                guard case .refused(_, let seconds) = verdict else { continue }
                #expect(charge(table, [1], at: now + seconds * 1000).0 == .pass)
                now += seconds * 1000 + Int64(random.below(500))
            }
        }
    }

    @Test func whatWasChargedCanBeGivenBackOnce() throws {
        let table = LimitTable([try zone("z", burst: 0)])
        var (verdict, first) = charge(table, [1], at: 0)
        #expect(verdict == .pass)
        #expect(first.charged == 1)
        table.refund(&first)
        table.refund(&first)
        #expect(first.charged == 0)
        #expect(charge(table, [1], at: 0).0 == .pass)
        #expect(charge(table, [1], at: 0).0 == .refused(zone: 0, retryAfter: 1))
    }

    @Test func theSecondPhaseIsChargedApartAndARefundGivesBackBoth() throws {
        let zones = [try zone("address", burst: 0), try zone("principal", burst: 0)]
        let table = LimitTable(zones)
        var charge = LimitCharge()
        #expect(charge.add(zone: 0, key: key(zones[0], 1)) == true)
        #expect(table.charge(&charge, at: at(0)) == .pass)
        #expect(charge.add(zone: 1, key: key(zones[1], 1)) == true)
        #expect(table.charge(&charge, at: at(0)) == .pass)
        #expect(charge.charged == 2)
        table.refund(&charge)
        #expect(self.charge(table, [1, 1], at: 0).0 == .pass)
        #expect(self.charge(table, [1, nil], at: 0).0 == .refused(zone: 0, retryAfter: 1))

        var refused = LimitCharge()
        #expect(refused.add(zone: 0, key: key(zones[0], 2)) == true)
        #expect(table.charge(&refused, at: at(0)) == .pass)
        #expect(refused.add(zone: 1, key: key(zones[1], 1)) == true)
        #expect(table.charge(&refused, at: at(0)) == .refused(zone: 1, retryAfter: 1))
        #expect(refused.charged == 1)
        #expect(refused.excess(at: 1) == 1000)
        table.drop(&refused)
        #expect(refused.count == 1)
    }

    @Test func oneRequestCountsOnceInALimit() throws {
        let zone = try zone("z", burst: 0)
        var charge = LimitCharge()
        #expect(charge.add(zone: 0, key: key(zone, 1)) == true)
        #expect(charge.add(zone: 0, key: key(zone, 1)) == true)
        #expect(charge.count == 1)
        #expect(LimitTable([zone]).charge(&charge, at: at(0)) == .pass)
    }

    @Test func eightLimitsFitAndANinthDoesNot() throws {
        let zones = try (0..<9).map { try zone("z\($0)", burst: 0) }
        var charge = LimitCharge()
        for index in 0..<8 { #expect(charge.add(zone: index, key: key(zones[index], 1)) == true) }
        #expect(charge.add(zone: 8, key: key(zones[8], 1)) == false)
        let table = LimitTable(zones.reversed())
        #expect(table.charge(&charge, at: at(0)) == .pass)
        #expect(charge.charged == 8)
    }

    @Test func anIndexWithoutAZoneIsRefused() throws {
        let zone = try zone("z", burst: 0)
        var charge = LimitCharge()
        #expect(charge.add(zone: 1, key: key(zone, 1)) == true)
        #expect(LimitTable([zone]).charge(&charge, at: at(0)) == .refused(zone: 1, retryAfter: 1))
        #expect(charge.add(zone: 65_536, key: key(zone, 1)) == false)
        #expect(charge.add(zone: -1, key: key(zone, 1)) == false)
    }

    @Test func aVerdictTellsTheExcessItRestedOn() throws {
        let table = LimitTable([try zone("z", burst: 1)])
        #expect(charge(table, [1], at: 0).1.excess(at: 0) == 0)
        #expect(charge(table, [1], at: 25).1.excess(at: 0) == 750)
        #expect(charge(table, [1], at: 25).1.excess(at: 0) == 1750)
        #expect(charge(table, [1], at: 25).1.excess(at: 0) == 1750)
    }

    /// Two plans name the same zones in opposite order and share them between threads: nobody waits for ever, and exactly
    /// what the narrow limit allows passes.
    @Test func manyThreadsChargeExactlyWhatIsAllowed() async throws {
        let zones = [try zone("a", burst: 999), try zone("b", burst: 1_000_000)]
        let tables = [LimitTable(zones), LimitTable(zones.reversed())]
        let passed = await withTaskGroup(of: Int.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    let table = tables[worker % 2]
                    return (0..<1000).reduce(0) { sum, _ in
                        charge(table, [7, 7], at: 0).0 == .pass ? sum + 1 : sum
                    }
                }
            }
            return await group.reduce(0, +)
        }
        #expect(passed == 1000)
    }
}
