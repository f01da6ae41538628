// swift-tools-version: 6.2
// The one law of the module graph: a module imports only modules of strictly lower layers.
// `gate(_:layer:…)` enforces it when the manifest is read; the build's import check enforces the rest.

import PackageDescription

/// Every module's layer, the same numbers as in ARCHITECTURE.md.
let layers: [String: Int] = [
    "GatePrimitives": 0,
    "GateSettings": 1, "GateHTTP": 1, "GateLimits": 1, "GateUpstreams": 1, "GatePattern": 1, "GateSupervisor": 1,
    "GateRouting": 2, "GateIdentity": 2, "GateWAF": 2, "GateObserve": 2,
    "GateAdmission": 3,
    "GateWire": 4,
    "GatePlan": 5,
    "GateExchange": 6, "GateConfig": 6,
    "GateServer": 7,
    "portcullis": 8,
]

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableExperimentalFeature("Lifetimes"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let certificates = Target.Dependency.product(name: "X509", package: "swift-certificates")
let asn1 = Target.Dependency.product(name: "SwiftASN1", package: "swift-asn1")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

/// A module of the gateway: stops with an error when a dependency's layer is not lower.
func gate(
    _ name: String, _ dependencies: [String] = [], c: [Target.Dependency] = [], products: [Target.Dependency] = [],
    executable: Bool = false, linkerSettings: [LinkerSetting]? = nil
) -> Target {
    guard let layer = layers[name] else { fatalError("\(name) has no layer") }
    for dependency in dependencies {
        guard let lower = layers[dependency] else { fatalError("\(dependency) has no layer") }
        if lower >= layer {
            fatalError("\(name) (layer \(layer)) must not import \(dependency) (layer \(lower))")
        }
    }
    let all = dependencies.map { Target.Dependency(stringLiteral: $0) } + c + products
    return executable
        ? .executableTarget(name: name, dependencies: all, swiftSettings: settings, linkerSettings: linkerSettings)
        : .target(name: name, dependencies: all, swiftSettings: settings, linkerSettings: linkerSettings)
}

/// The unit tests of one module.
func tests(_ name: String, _ dependencies: [String] = [], products: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: name + "Tests",
        dependencies: [.init(stringLiteral: name)] + dependencies.map { .init(stringLiteral: $0) } + products,
        swiftSettings: settings
    )
}

let package = Package(
    name: "portcullis",
    products: [.executable(name: "portcullis", targets: ["portcullis"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-certificates", exact: "1.21.1"),
        .package(url: "https://github.com/apple/swift-asn1", exact: "1.7.4"),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    ],
    targets: [
        .systemLibrary(name: "CYAML"),
        .systemLibrary(name: "CPCRE2"),
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "CNghttp2"),
        .systemLibrary(name: "CExpat"),
        .systemLibrary(name: "CZlib"),
        .target(name: "CVersion"),
        gate("GatePrimitives"),
        gate("GateSettings", ["GatePrimitives"], c: ["CYAML"]),
        gate("GateHTTP", ["GatePrimitives"], products: [nioCore]),
        gate("GateLimits", ["GatePrimitives"]),
        gate("GateUpstreams", ["GatePrimitives"]),
        gate("GatePattern", ["GatePrimitives"], c: ["CPCRE2"]),
        gate("GateSupervisor", ["GatePrimitives"], c: ["CLinux"]),
        gate("GateRouting", ["GatePrimitives", "GateHTTP", "GatePattern"], products: [nioCore]),
        gate("GateIdentity", ["GatePrimitives"], products: [crypto, cryptoExtras, certificates, asn1]),
        gate("GateWAF", ["GatePrimitives", "GatePattern"], c: ["CExpat", "CZlib"]),
        gate("GateObserve", ["GatePrimitives"], products: [nioCore]),
        gate(
            "GateAdmission",
            [
                "GatePrimitives", "GateHTTP", "GatePattern", "GateRouting", "GateIdentity", "GateLimits", "GateWAF",
            ], products: [nioCore]),
        gate(
            "GateWire", ["GatePrimitives", "GateHTTP", "GateUpstreams", "GateIdentity", "GateAdmission"],
            c: ["CNghttp2"],
            products: [nioCore, nioPosix, nioSSL, nioTLS]),
        gate(
            "GatePlan",
            [
                "GatePrimitives", "GateHTTP", "GateRouting", "GateIdentity", "GateLimits", "GateUpstreams", "GateWAF",
                "GateObserve", "GateAdmission", "GateWire",
            ]),
        gate(
            "GateExchange",
            [
                "GatePrimitives", "GateHTTP", "GateRouting", "GateIdentity", "GateLimits", "GateUpstreams", "GateWAF",
                "GateObserve", "GateAdmission", "GateWire", "GatePlan",
            ], products: [nioCore, crypto]),
        gate(
            "GateConfig",
            [
                "GatePrimitives", "GateSettings", "GateHTTP", "GateRouting", "GatePattern", "GateIdentity",
                "GateLimits", "GateWAF",
                "GateUpstreams", "GateObserve", "GateAdmission", "GateWire", "GatePlan", "GateSupervisor",
            ], products: [nioCore, nioSSL, crypto]),
        gate(
            "GateServer",
            [
                "GatePrimitives", "GateHTTP", "GateRouting", "GateIdentity", "GateLimits", "GateUpstreams",
                "GateObserve", "GateAdmission", "GateWire", "GatePlan", "GateExchange", "GateConfig", "GateSupervisor",
            ], products: [nioCore, nioPosix, nioSSL]),
        gate(
            "portcullis",
            [
                "GatePrimitives", "GateSettings", "GateHTTP", "GateRouting", "GateIdentity", "GateLimits",
                "GateObserve", "GatePattern", "GateWAF",
                "GateAdmission", "GatePlan", "GateExchange", "GateConfig", "GateServer", "GateSupervisor",
            ], c: ["CVersion", "CYAML", "CPCRE2"], products: [arguments, crypto, cryptoExtras, certificates, asn1],
            executable: true),

        .target(name: "GateTestKit", path: "Tests/GateTestKit", swiftSettings: settings),
        tests("GatePrimitives"),
        tests("GateSettings", ["GatePrimitives"]),
        tests("GateHTTP", ["GatePrimitives"], products: [nioCore, nioEmbedded, nioHTTP1]),
        tests("GateLimits", ["GatePrimitives"]),
        tests("GateUpstreams", ["GatePrimitives"]),
        tests("GatePattern", ["GatePrimitives"]),
        tests("GateSupervisor", ["GatePrimitives"]),
        tests("GateRouting", ["GatePrimitives", "GateHTTP"], products: [nioCore]),
        tests("GateIdentity", ["GatePrimitives"], products: [crypto, cryptoExtras, certificates, asn1]),
        tests("GateWAF", ["GatePrimitives", "GatePattern"], products: ["CZlib"]),
        tests("GateObserve", ["GatePrimitives"], products: [nioCore]),
        tests(
            "GateAdmission",
            ["GatePrimitives", "GateHTTP", "GatePattern", "GateRouting", "GateIdentity", "GateLimits", "GateWAF"],
            products: [nioCore]),
        tests(
            "GateWire", ["GatePrimitives", "GateHTTP", "GateUpstreams", "GateAdmission", "GateTestKit"],
            products: [nioCore, nioEmbedded, nioPosix, nioSSL]),
        tests(
            "GateExchange",
            [
                "GatePrimitives", "GateHTTP", "GateRouting", "GatePattern", "GateIdentity", "GateLimits",
                "GateUpstreams",
                "GateObserve", "GateAdmission", "GateWire", "GatePlan", "GateTestKit",
            ], products: [nioCore, nioPosix]),
        tests(
            "GateConfig",
            [
                "GatePrimitives", "GateSettings", "GateHTTP", "GateRouting", "GateIdentity", "GateLimits", "GateWAF",
                "GateUpstreams", "GateObserve", "GateAdmission", "GateWire", "GatePlan",
            ], products: [nioCore]),
        tests("GateServer", ["GatePrimitives"]),
        tests("portcullis"),
    ]
)

// Fuzz targets exist only when asked for: they need `--sanitize fuzzer`, which brings the main function (tools/run-fuzz).
if Context.environment["PORTCULLIS_FUZZ"] == "1" {
    /// A fuzz target of one module, in Fuzz/NAME.
    func fuzz(_ name: String, _ dependencies: [String], products: [Target.Dependency] = []) -> Target {
        .executableTarget(
            name: name, dependencies: dependencies.map { .init(stringLiteral: $0) } + products, path: "Fuzz/\(name)",
            swiftSettings: settings)
    }
    package.targets += [
        fuzz("GateHTTPFuzz", ["GateHTTP", "GatePrimitives"], products: [nioCore]),
        fuzz("GateSettingsFuzz", ["GateSettings"]),
        fuzz("GateIdentityFuzz", ["GateIdentity", "GatePrimitives"]),
        fuzz("GateWAFFuzz", ["GateWAF", "GatePattern", "GatePrimitives"]),
    ]
}

// Benchmarks of single modules: PORTCULLIS_BENCH=1 swift run -c release RouteBench
if Context.environment["PORTCULLIS_BENCH"] == "1" {
    package.targets.append(
        .executableTarget(
            name: "RouteBench", dependencies: ["GateHTTP", "GatePattern", "GateRouting", nioCore],
            path: "Benchmarks/RouteBench", swiftSettings: settings))
}
