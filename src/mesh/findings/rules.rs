//! The registry: every rule, by code.

use super::rule::Rule;

mod ist0002;
mod ist0101;
mod ist0102;
mod ist0103;
mod ist0106;
mod ist0107;
mod ist0108;
mod ist0109;
mod ist0110;
mod ist0111;
mod ist0112;
mod ist0116;
mod ist0118;
mod ist0123;
mod ist0125;
mod ist0126;
mod ist0127;
mod ist0128;
mod ist0129;
mod ist0130;
mod ist0131;
mod ist0132;
mod ist0133;
mod ist0134;
mod ist0135;
mod ist0137;
mod ist0138;
mod ist0139;
mod ist0140;
mod ist0144;
mod ist0145;
mod ist0146;
mod ist0147;
mod ist0148;
mod ist0149;
mod ist0150;
mod ist0151;
mod ist0152;
mod ist0153;
mod ist0154;
mod ist0155;
mod ist0157;
mod ist0158;
mod ist0159;
mod ist0160;
mod ist0161;
mod ist0162;
mod ist0163;
mod ist0164;
mod ist0165;
mod ist0166;
mod ist0167;
mod ist0171;
mod ist0173;
mod ist0174;
mod ist0175;
mod ist0176;
mod ist0177;
mod kia0002;
mod kia0003;
mod kia0005;
mod kia0201;
mod kia0209;
mod kia1104;
mod kia1105;
mod kia1402;
mod vgl0001;
mod vgl0002;
mod vgl0003;
mod vgl0004;
mod vgl0005;
mod vgl0006;

pub(super) use ist0149::is_claim;

/// Every rule, by code.
pub const RULES: &[&Rule] = &[
    &ist0002::RULE,
    &ist0101::RULE,
    &ist0102::RULE,
    &ist0103::RULE,
    &ist0106::RULE,
    &ist0107::RULE,
    &ist0108::RULE,
    &ist0109::RULE,
    &ist0110::RULE,
    &ist0111::RULE,
    &ist0112::RULE,
    &ist0116::RULE,
    &ist0118::RULE,
    &ist0123::RULE,
    &ist0125::RULE,
    &ist0126::RULE,
    &ist0127::RULE,
    &ist0128::RULE,
    &ist0129::RULE,
    &ist0130::RULE,
    &ist0131::RULE,
    &ist0132::RULE,
    &ist0133::RULE,
    &ist0134::RULE,
    &ist0135::RULE,
    &ist0137::RULE,
    &ist0138::RULE,
    &ist0139::RULE,
    &ist0140::RULE,
    &ist0144::RULE,
    &ist0145::RULE,
    &ist0146::RULE,
    &ist0147::RULE,
    &ist0148::RULE,
    &ist0149::RULE,
    &ist0150::RULE,
    &ist0151::RULE,
    &ist0152::RULE,
    &ist0153::RULE,
    &ist0154::RULE,
    &ist0155::RULE,
    &ist0157::RULE,
    &ist0158::RULE,
    &ist0159::RULE,
    &ist0160::RULE,
    &ist0161::RULE,
    &ist0162::RULE,
    &ist0163::RULE,
    &ist0164::RULE,
    &ist0165::RULE,
    &ist0166::RULE,
    &ist0167::RULE,
    &ist0171::RULE,
    &ist0173::RULE,
    &ist0174::RULE,
    &ist0175::RULE,
    &ist0176::RULE,
    &ist0177::RULE,
    &kia0002::RULE,
    &kia0003::RULE,
    &kia0005::RULE,
    &kia0201::RULE,
    &kia0209::RULE,
    &kia1104::RULE,
    &kia1105::RULE,
    &kia1402::RULE,
    &vgl0001::RULE,
    &vgl0002::RULE,
    &vgl0003::RULE,
    &vgl0004::RULE,
    &vgl0005::RULE,
    &vgl0006::RULE,
];
