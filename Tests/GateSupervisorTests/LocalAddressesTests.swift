import GatePrimitives
import Testing

@testable import GateSupervisor

struct LocalAddressesTests {
    @Test func theLoopbackIsAmongThemAndEachStandsOnce() {
        let addresses = LocalAddresses.all
        #expect(addresses.contains(IPAddress(v4: 0x7f00_0001)))
        #expect(Set(addresses).count == addresses.count)
    }
}
