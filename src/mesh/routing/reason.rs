//! Why a rule did not take a request, or why a destination does not answer: a closed list.

use serde::Serialize;

/// The code of a reason; what it found and wanted is told in the detail beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub enum Reason {
    /// No proxy that applies routing rules stands between client and service.
    ProxyNotInPath,
    VsNotBoundToGateway,
    GatewayNotSelectedByPod,
    ServerHostMismatch,
    ServerConflictDropped,
    VsNotExported,
    VsNotImportedBySidecar,
    /// A mesh route counts in its own namespace and in the namespace of its service only.
    RouteNamespaceNotAllowed,
    ParentNotAccepted,
    /// The port is not declared as HTTP, so `http` rules are not used there.
    ProtocolNotHttp,
    NoListener,
    /// The bytes are not HTTP, so `http` rules are not asked.
    RequestNotHttp,
    RequestTargetInvalid,
    HostMismatch,
    SniMismatch,
    ServiceInScopeAsDestinationOnly,
    ShadowedByMoreSpecificHost,
    LostHostToEarlierRule,
    NameTakenByVs,
    DelegateMissing,
    DelegateNotExported,
    DelegateConflict,
    PortMismatch,
    GatewayMismatch,
    SourceLabels,
    SourceNamespace,
    Path,
    Scheme,
    Method,
    Authority,
    HeaderMissing,
    HeaderValue,
    HeaderForbidden,
    QueryMissing,
    QueryValue,
    /// A condition on claims of a token, which a request described here does not carry.
    ClaimsUnknown,
    EarlierRuleWon,
    UnreachableAfterCatchAll,
    /// The Gateway API's precedence puts the rule behind the one that matched.
    RuleSortedLater,
    SubsetUndefined,
    DrHiddenByNamespace,
    DrHiddenByYounger,
    SubsetIgnored,
    ServiceHiddenByNamespace,
    ServiceUnknown,
    ReferenceRefused,
    PortUnknown,
    NoPods,
    NoReadyPods,
    ZeroWeight,
}
